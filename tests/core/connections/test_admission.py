"""How much a client may ask for."""

from tornado_websockets.core.connections.admission import MAX_ADDRESS, Admission
from tornado_websockets.core.connections.pings import IDLE_BURST, MAX_PINGS, IdleFrames


def test_without_limits_everyone_is_admitted():
    admission = Admission()
    assert [admission.admit("1.2.3.4", None, None) for _ in range(100)] == [None] * 100


def test_total_is_limited():
    admission = Admission()
    admission.admit("a", 2, None)
    admission.admit("b", 2, None)
    assert admission.admit("c", 2, None) == "there are 2 connections"


def test_each_address_is_limited():
    admission = Admission()
    admission.admit("a", None, 1)
    assert admission.admit("a", None, 1) == "there are 1 connections from a"
    assert admission.admit("b", None, 1) is None


def test_an_unknown_address_is_none_of_which_there_could_be_too_many():
    admission = Admission()
    assert [admission.admit(None, None, 1) for _ in range(3)] == [None] * 3
    assert admission.admit(None, 3, 1) == "there are 3 connections"


def test_who_was_refused_is_not_counted():
    admission = Admission()
    admission.admit("a", 1, None)
    admission.admit("a", 1, None)
    admission.release("a")
    assert admission.admit("a", 1, None) is None


def test_release_makes_room():
    admission = Admission()
    admission.admit("a", 1, 1)
    admission.release("a")
    assert admission.admit("a", 1, 1) is None


def test_address_is_escaped_and_cut_in_the_reason():
    admission = Admission()
    address = "1.2.3.4\n\x1b[31m" + "é" * 10_000
    admission.admit(address, None, 1)
    reason = admission.admit(address, None, 1)
    assert reason.startswith("there are 1 connections from 1.2.3.4\\n\\x1b[31m\\xe9")
    assert reason.isascii()
    assert reason.isprintable()
    assert len(reason) < 100


def test_of_a_long_address_little_is_kept():
    admission = Admission()
    for number in range(10):
        admission.admit(f"{number}" * 10_000, None, None)
    assert [len(address) for address in admission._by_address] == [MAX_ADDRESS] * 10
    for number in range(10):
        admission.release(f"{number}" * 10_000)
    assert admission._by_address == {}


def test_is_empty_when_everyone_has_gone():
    admission = Admission()
    assert admission.is_empty
    admission.admit("a", None, None)
    assert not admission.is_empty
    admission.release("a")
    assert admission.is_empty


def test_pings_of_who_reads_are_all_answered():
    pings = IdleFrames()
    assert all(pings.is_answered(is_writable=True) for _ in range(10 * MAX_PINGS))


def test_pings_of_who_does_not_read_are_answered_up_to_a_number():
    pings = IdleFrames()
    answers = [pings.is_answered(is_writable=False) for _ in range(MAX_PINGS + 10)]
    assert answers == [True] * MAX_PINGS + [False] * 10
    assert pings.is_answered(is_writable=True)
    assert pings.is_answered(is_writable=False)


def test_frames_that_carry_nothing_are_a_flood_when_they_are_too_many():
    frames = IdleFrames()
    verdicts = [frames.is_flood() for _ in range(IDLE_BURST + 100)]
    assert not any(verdicts[:IDLE_BURST])
    assert all(verdicts[IDLE_BURST + 50 :])  # while these are counted, some more become due
