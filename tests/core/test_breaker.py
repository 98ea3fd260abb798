import pytest

from tornado_websockets.core.breaker import Breaker, BreakerTiming, Circuit

HANGING, REFUSING = TimeoutError("took too long"), ConnectionRefusedError("nobody there")


@pytest.fixture
def breaker():
    return Breaker(BreakerTiming(patience=0.5))


@pytest.fixture
def open_breaker(breaker):
    breaker.record_failure(HANGING, 2.0)
    return breaker


@pytest.fixture
def probing(open_breaker):
    open_breaker.begin_probe()
    return open_breaker


class TestClosed:
    def test_is_what_it_begins_with(self, breaker):
        assert (breaker.circuit, breaker.is_closed) == (Circuit.CLOSED, True)
        assert (breaker.error, breaker.has_failed) == (None, False)

    @pytest.mark.parametrize("seconds", [0.0, 0.5])
    def test_stays_so_after_a_failure_that_came_soon(self, breaker, seconds):
        breaker.record_failure(REFUSING, seconds)
        assert (breaker.circuit, breaker.error, breaker.has_failed) == (Circuit.CLOSED, None, True)

    def test_opens_with_a_failure_that_took_long(self, breaker):
        breaker.record_failure(HANGING, 0.51)
        assert (breaker.circuit, breaker.error, breaker.has_failed) == (Circuit.OPEN, HANGING, True)
        assert not breaker.is_closed

    def test_forgets_a_failure_with_the_next_success(self, breaker):
        breaker.record_failure(REFUSING, 0.0)
        breaker.record_success()
        assert not breaker.has_failed

    def test_has_nothing_to_probe(self, breaker):
        breaker.begin_probe()
        assert breaker.is_closed


class TestOpen:
    def test_is_probed_and_makes_no_other_calls_meanwhile(self, open_breaker):
        open_breaker.begin_probe()
        assert (open_breaker.circuit, open_breaker.error) == (Circuit.PROBING, HANGING)
        assert not open_breaker.is_closed

    def test_closes_when_nobody_probes_it_any_more(self, open_breaker):
        open_breaker.close()
        assert (open_breaker.circuit, open_breaker.error) == (Circuit.CLOSED, None)
        assert open_breaker.has_failed


class TestProbing:
    def test_closes_with_a_success(self, probing):
        probing.record_success()
        assert (probing.circuit, probing.error, probing.has_failed) == (Circuit.CLOSED, None, False)

    @pytest.mark.parametrize("seconds", [0.0, 2.0])
    def test_opens_again_with_a_failure_however_soon_it_came(self, probing, seconds):
        probing.record_failure(REFUSING, seconds)
        assert probing.circuit is Circuit.OPEN

    def test_keeps_the_error_that_opened_it(self, probing):
        probing.record_failure(REFUSING, 0.0)
        assert probing.error is HANGING

    def test_closes_when_nobody_probes_it_any_more(self, probing):
        probing.close()
        assert probing.is_closed
