"""Clients that cause more output than anybody takes, whatever the form of the handler."""

import pytest

from tests.endurance.conftest import Report
from tests.endurance.scale import IS_LONG, amount, within
from tests.support.asgi import Server

from . import loads
from .parties import Party
from .siege import REPLY, ROOM, SECONDS, Outcome, besiege

CHAT = "/abuse/chat"
ROOMS = [f"/abuse/room/{number}" for number in range(10)]


def audience(count: int) -> list[Party]:
    """Readers of what is said, of which one sees to the order of what one client says."""
    return [
        Party(count=count - 1, path=CHAT, is_early=True),
        Party(count=1, path=CHAT, is_early=True, counts=True),
    ]


#: Senders and bytes of each message.
FLOODS = [(1, 0), (1, 10_000), (20, 0), (20, 10_000)] if IS_LONG else [(1, 0), (20, 10_000)]

#: What else handlers may do to be heard.
FORMS = ["say_awaited", "say_sync", "tell_others", "say_often", "say_often_sync", "keep_saying", "tell"]

#: By which they may speak to their own client.
STREAMS = ["pour", "pour_awaited", "pour_sync"]


def groups(names: list[str]) -> list[list[str]]:
    """Each on its own, or in the short form all at once."""
    return [[name] for name in names] if IS_LONG else [names]


pytestmark = pytest.mark.timeout(120)


def flooders(event: str, count: int = 1, size: int = 0) -> list[Party]:
    """Clients that send this without end; numbers come from the first alone."""
    some = 1_000 if size < 1_000 else 100
    first = Party(count=1, path=CHAT, load=loads.numbered(event, size, some))
    load = loads.event(event, {"x": "x" * size}) * some
    return [first, Party(count=count - 1, path=CHAT, load=load)] if count > 1 else [first]


def check_audience(outcome: Outcome) -> None:
    """It has read at full speed, so that nobody may be closed, and nothing lost."""
    assert [each.closed for each in outcome.audience] == [{}, {}]
    assert outcome.audience[1].breaks == 0


async def test_clients_that_ask_for_pages_and_read_none_cost_little(fresh_server: Server, report: Report) -> None:
    """On these servers; elsewhere it depends on the server, and granian keeps what nobody takes without a bound."""
    load = loads.event("page", id=1) * 2_000
    attackers = [Party(count=4, path=CHAT, load=load, times=1, reads=False, stays=0.2, returns=True)]
    outcome = await besiege(fresh_server, attackers, seconds=amount(3, 10))
    report(f"{outcome}, {outcome.attackers[0].connected} connections")
    assert outcome.excess == ""


@pytest.mark.parametrize(("count", "size"), FLOODS)
async def test_flood_of_broadcasts_disturbs_nobody(
    any_fresh_server: Server, count: int, size: int, report: Report
) -> None:
    outcome = await besiege(any_fresh_server, flooders("say", count, size), audience(100))
    report(f"{outcome}, {outcome.audience[1].numbers:,} numbers")
    assert outcome.excess == ""
    assert outcome.audience[1].numbers > 0
    check_audience(outcome)


@pytest.mark.parametrize("events", groups(FORMS), ids=",".join)
async def test_no_form_of_broadcast_disturbs_anybody(
    any_fresh_server: Server, events: list[str], report: Report
) -> None:
    """Nobody looks for numbers: the events of several senders, or of one task, are no sequence."""
    attackers = [
        Party(count=1, path=path, load=loads.event(event, {"x": "x" * 100}) * 1_000)
        for event in events
        for path in (ROOMS if event == "tell" else [CHAT])
    ]
    readers = [Party(count=5, path=room, is_early=True) for room in ROOMS if "tell" in events]
    outcome = await besiege(any_fresh_server, attackers, [*audience(100), *readers])
    report(str(outcome))
    assert outcome.excess == ""
    assert [each.closed for each in outcome.audience if each.closed] == []


async def test_sync_handlers_of_many_rooms_disturb_nobody(any_fresh_server: Server, report: Report) -> None:
    """Each has a thread of its own, and sends for as long as it is let."""
    load = loads.event("tell_often_sync", {"x": "x" * 100}) * 100
    attackers = [Party(count=1, path=f"/abuse/room/{number}", load=load) for number in range(20)]
    outcome = await besiege(any_fresh_server, attackers)
    report(str(outcome))
    assert outcome.excess == ""


@pytest.mark.parametrize("events", groups(STREAMS), ids=",".join)
@pytest.mark.parametrize("reads", [False, True] if IS_LONG else [False], ids=["deaf", "reading"][: 1 + IS_LONG])
async def test_clients_that_are_told_more_than_they_may_cost_little(
    any_fresh_server: Server, events: list[str], reads: bool, report: Report
) -> None:
    attackers = [Party(count=3, path=CHAT, load=loads.event(event) * 1_000, reads=reads) for event in events]
    outcome = await besiege(any_fresh_server, attackers)
    report(str(outcome))
    assert outcome.excess == ""


@pytest.mark.parametrize("events", groups(STREAMS), ids=",".join)
async def test_clients_that_are_told_much_and_read_it_are_kept(
    any_fresh_server: Server, events: list[str], report: Report
) -> None:
    """One request brings less than what may wait for a client, all of them bring more."""
    attackers = [
        Party(count=2, path=CHAT, load=loads.event(event, {"count": 40}) * 5, times=1, reads=True) for event in events
    ]
    outcome = await besiege(any_fresh_server, attackers, seconds=amount(3, 5))
    report(str(outcome))
    assert [each.closed for each in outcome.attackers] == [{}] * len(events)
    assert [each.received // 90_000 for each in outcome.attackers] == [2 * 5 * 40] * len(events)
    assert outcome.excess == ""


async def test_polite_client_among_nine_that_flood_gets_its_replies(any_fresh_server: Server, report: Report) -> None:
    outcome = await besiege(any_fresh_server, flooders("say", 9), asks=CHAT)
    report(str(outcome))
    assert outcome.excess == ""


async def test_reader_that_takes_nothing_holds_nobody_else_back(any_fresh_server: Server, report: Report) -> None:
    deaf = Party(count=1, path=CHAT, is_early=True, reads=False, buffer=1 << 16)
    flooder = flooders("say", 1, 10_000)
    outcome = await besiege(any_fresh_server, flooder, [*audience(10), deaf], seconds=SECONDS + 1, room=2 * ROOM)
    told, numbers, _ = outcome.audience
    closed = any_fresh_server.log.count("Closing a slow client")
    silence = max(told.silence, numbers.silence)
    report(f"{outcome}, {numbers.numbers:,} numbers, readers' longest silence {silence:.3f} s, {closed} closed")
    assert outcome.excess == ""
    assert silence <= within(REPLY)
    assert numbers.numbers > 0
    assert numbers.breaks == 0
    assert [told.closed, numbers.closed] == [{}, {}]
