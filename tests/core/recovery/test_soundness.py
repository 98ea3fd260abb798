"""What a store of a project's own may answer."""

import pytest

from tornado_websockets.core.complaints import Complaints
from tornado_websockets.core.recovery import soundness
from tornado_websockets.core.recovery.record import Event, Record, Standing
from tornado_websockets.core.recovery.soundness import (
    is_event,
    is_kept,
    is_sound,
    kept_values,
    numbered,
    sound_position,
)
from tornado_websockets.exceptions import StoreError

FRAME = Event("A", 1, '{"event":"said","data":{}}')
ORDER = Event("A", 1, '{"event": "disconnect"}')
NONSENSE = [None, 7, "text", (), ("A", 1, "text", ""), Event("A", "1", "text"), Event(1, 1, "text"), Event("A", 1, b"")]


def test_an_event_is_a_frame():
    assert is_event(FRAME)
    assert not is_event(ORDER)


def test_what_is_kept_may_be_any_text():
    assert is_kept(FRAME)
    assert is_kept(ORDER)


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_is_neither(nonsense):
    assert not is_event(nonsense)
    assert not is_kept(nonsense)
    assert not is_sound(nonsense)
    assert not is_sound(Record("epoch", events=[nonsense]), is_kept)


def test_a_record_has_what_is_asked_for():
    assert is_sound(Record("epoch", senders={"A": Standing(1)}, events=[FRAME]))
    assert not is_sound(Record("epoch", events=[ORDER]))
    assert is_sound(Record("epoch", events=[ORDER]), is_kept)
    assert not is_sound(Record("epoch", senders={"A": 1}))


@pytest.mark.parametrize("answer", [("A", 1), ["A", 1]])
def test_a_publish_is_numbered(answer):
    assert numbered(answer) == ("A", 1)


@pytest.mark.parametrize("answer", [None, 7, (), ("A",), ("A", 0), ("A", True), ("", 1), (1, 1), ("A", "1"), "A1"])
def test_a_publish_that_is_not_has_failed(answer):
    with pytest.raises(StoreError, match="expected a sender and a number, got"):
        numbered(answer)


def test_of_values_those_that_were_kept_count():
    assert kept_values({"said": FRAME, "order": ORDER, 7: FRAME, "none": None}) == {"said": FRAME, "order": ORDER}


@pytest.mark.parametrize("answer", [None, 7, "text", [FRAME]])
def test_what_is_no_mapping_of_values_has_failed(answer):
    with pytest.raises(StoreError, match="expected a mapping, got"):
        kept_values(answer)


@pytest.mark.parametrize("answer", [{}, {"/other": None}, {"/chat": {}}, {"/chat": {"A": "1", 7: 1}}])
def test_a_position_of_nothing_is_empty(answer):
    assert sound_position(answer, "/chat") == {}


@pytest.mark.parametrize("answer", [None, 7, ["/chat"], {"/chat": None}, {"/chat": ["A"]}])
def test_a_position_that_is_none_has_failed(answer):
    with pytest.raises(StoreError, match=r"expected a (mapping|position), got"):
        sound_position(answer, "/chat")


def test_a_position_is_that_of_the_topic():
    assert sound_position({"/chat": {"A": 1}, "/other": {"B": 2}}, "/chat") == {"A": 1}


@pytest.mark.parametrize(
    ("call", "take"),
    [("publish", numbered), ("retained", kept_values), ("lasts", lambda answer: sound_position(answer, "/chat"))],
    ids=["publish", "retained", "lasts"],
)
def test_what_has_failed_is_logged_now_and_then(monkeypatch, caplog, call, take):
    monkeypatch.setattr(soundness, "_complaints", Complaints())
    for _ in range(3):
        with pytest.raises(StoreError):
            take("nonsense")
    [line] = caplog.messages
    assert line.startswith(f"What the store has answered to {call} cannot be used: expected a ")
    assert line.endswith("got 'nonsense'")
