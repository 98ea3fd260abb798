"""Runs of this process."""

import pytest

from tornado_websockets.exceptions import AlreadyRunning, Cancelled
from tornado_websockets.jobs.run import Address, Run, Runs

ROWS = Address("/import", "module_progressbar_rows")
OTHERS = Address("/import", "module_progressbar_others")


def begun(runs, address=ROWS):
    run = Run(address, is_cancellable=True)
    runs.begin(run)
    return run


def test_one_of_a_job_at_a_time():
    runs = Runs()
    run = begun(runs)
    begun(runs, OTHERS)
    with pytest.raises(AlreadyRunning) as caught:
        begun(runs)
    assert (caught.value.job, caught.value.path) == ("module_progressbar_rows", "/import")
    assert isinstance(caught.value, RuntimeError)
    runs.end(run)
    begun(runs)


def test_one_is_cancelled_by_its_id_as_one_of_its_job():
    runs = Runs()
    run = begun(runs)
    assert not runs.cancel("another", ROWS)
    assert runs.cancel(run.id, OTHERS)  # it is known, and is none of that job
    run.check()
    assert runs.cancel(run.id, ROWS)
    for _ in range(2):
        with pytest.raises(Cancelled, match=run.id):
            run.check()


def test_one_that_has_ended_is_remembered():
    runs = Runs()
    run = begun(runs)
    runs.end(run)
    assert runs.cancel(run.id, ROWS)
    assert not run.is_cancelled


def test_a_forked_process_has_none():
    runs = Runs()
    begun(runs)
    runs.forget()
    begun(runs)
