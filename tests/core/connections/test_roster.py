import pytest

from tornado_websockets.core.connections.roster import Roster
from tornado_websockets.core.connections.socket import Socket


class Guest(Socket):
    def __init__(self):
        """Have no connection."""


@pytest.fixture
def clients():
    return [Guest(), Guest(), Guest()]


@pytest.fixture
def roster(clients):
    roster = Roster()
    roster.extend(clients)
    return roster


def test_looks_like_a_list(roster, clients):
    assert roster == clients
    assert repr(roster) == repr(clients)
    assert (len(roster), roster[0], roster[-1], roster[1:]) == (3, clients[0], clients[2], clients[1:])
    assert clients[1] in roster
    assert Guest() not in roster


def test_is_equal_to_no_other_kind_of_thing(roster, clients):
    assert roster != tuple(clients)
    assert Roster() == Roster() == []


def test_loses_who_is_removed_and_keeps_the_order(roster, clients):
    roster.remove(clients[1])
    assert roster == [clients[0], clients[2]]


@pytest.mark.parametrize("stranger", [Guest(), "a stranger", []])
def test_can_not_lose_who_is_not_there(roster, stranger):
    with pytest.raises(ValueError, match="not in list"):
        roster.remove(stranger)


def test_has_each_connection_once(roster, clients):
    roster.append(clients[0])
    assert roster == clients


def test_can_be_changed_while_someone_goes_through_it(roster, clients):
    assert [roster.remove(client) or client for client in roster] == clients
    assert roster == []


@pytest.mark.parametrize("stranger", ["a stranger", [], None])
def test_knows_strangers(roster, clients, stranger):
    roster.insert(0, stranger)
    assert roster.strangers == [stranger]
    assert roster == [*clients, stranger]
    assert stranger in roster
    roster.remove(stranger)
    assert roster.strangers == []


def test_lets_items_be_set_and_deleted(roster, clients):
    roster[0] = "a stranger"
    assert roster == [clients[1], clients[2], "a stranger"]
    del roster[:2]
    assert roster == roster.strangers == ["a stranger"]
    roster[:] = clients
    assert (roster, roster.strangers) == (clients, [])


class Incomparable(Guest):
    __hash__ = Guest.__hash__

    def __eq__(self, other):
        raise AssertionError("compared with another")


def test_takes_one_out_without_a_search():
    clients = [Incomparable() for _ in range(3)]
    roster = Roster(clients)
    roster.remove(clients[-1])
    assert len(roster) == 2
