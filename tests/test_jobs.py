"""Long work: results as they come, one queue, failures that say so, nothing left running."""

import threading
import time
from itertools import count

import pytest

from blurlab import public
from blurlab.ui import jobs

fresh = (("test", number) for number in count())


def until(condition, seconds=30.0):
    """Wait for a condition, and fail when it does not come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def wait_for_polls(monkeypatch, seconds):
    answers = jobs.QUEUES["answers"]._replace(patience=seconds)
    monkeypatch.setitem(jobs.QUEUES, "answers", answers)


def ended(job):
    return job.state in ("done", "failed", "stopped")


def test_a_job_keeps_every_result_in_order_and_is_made_once():
    key, made = next(fresh), []

    def steps():
        made.append(True)
        yield from range(5)

    job = jobs.poll(key, steps)
    until(lambda: ended(job))
    assert jobs.poll(key, steps) is job
    assert (job.state, job.results, job.is_over, made) == ("done", [0, 1, 2, 3, 4], True, [True])


def test_a_job_of_very_many_results_keeps_the_last_of_them():
    job = jobs.poll(next(fresh), lambda: iter(range(100)), last=3)
    until(lambda: ended(job))
    assert (job.state, job.results) == ("done", [97, 98, 99])


def test_results_are_there_before_the_job_ends():
    gate = threading.Event()

    def steps():
        yield "coarse"
        gate.wait(30)
        yield "fine"

    job = jobs.poll(next(fresh), steps)
    until(lambda: job.results == ["coarse"])
    assert (job.state, job.is_over) == ("running", False)
    gate.set()
    until(lambda: ended(job))
    assert job.results == ["coarse", "fine"]


@pytest.mark.parametrize("begun", [True, False])
def test_a_job_that_fails_says_so_and_the_queue_goes_on(begun, caplog):
    def steps():
        if begun:
            yield 1
        raise ValueError("the pictures are gone")
        yield

    job = jobs.poll(next(fresh), steps)
    until(lambda: ended(job))
    assert (job.state, job.error, job.is_over) == ("failed", "the pictures are gone", True)
    assert "ValueError" in caplog.text
    after = jobs.poll(next(fresh), lambda: iter([1]))
    until(lambda: after.state == "done")


def test_what_a_public_server_refuses_is_one_line_of_its_log(monkeypatch, caplog):
    monkeypatch.setenv(public.VARIABLE, "1")

    def refused():
        yield 1
        raise ValueError("the folder '/any' cannot be read here.")

    job = jobs.poll(("refused",), refused, queue="checks")
    until(lambda: ended(job))
    assert job.state == "failed"
    assert caplog.text.count("\n") == 1
    assert "the folder '/any' cannot be read here." in caplog.text


def test_a_job_whose_making_fails_says_so_too():
    def steps():
        raise OSError("no such weights")

    job = jobs.poll(next(fresh), steps)
    until(lambda: ended(job))
    assert (job.state, job.error) == ("failed", "no such weights")


def test_one_job_runs_at_a_time_in_the_order_they_came():
    gate, running, most, order = threading.Event(), set(), [], []

    def steps(number):
        running.add(number)
        most.append(len(running))
        order.append(number)
        gate.wait(30)
        yield number
        running.remove(number)

    started = [jobs.poll(next(fresh), lambda number=number: steps(number)) for number in range(3)]
    until(lambda: running)
    assert [job.state for job in started] == ["running", "waiting", "waiting"]
    gate.set()
    until(lambda: all(map(ended, started)))
    assert (most, order) == ([1, 1, 1], [0, 1, 2])


def test_a_job_nobody_polls_stops_and_starts_again_when_polled(monkeypatch):
    wait_for_polls(monkeypatch, 0.1)
    key = next(fresh)

    def steps():
        for number in count():
            time.sleep(0.01)
            yield number

    job = jobs.poll(key, steps)
    until(lambda: job.state == "stopped")
    stopped_at = len(job.results)
    time.sleep(0.05)
    assert len(job.results) == stopped_at
    assert not job.is_over
    again = jobs.poll(key, lambda: iter("x"))
    assert again is not job
    until(lambda: again.state == "done")


def test_polling_keeps_a_job_alive(monkeypatch):
    wait_for_polls(monkeypatch, 0.5)
    key = next(fresh)

    def steps():
        for number in range(30):
            time.sleep(0.05)
            yield number

    job = jobs.poll(key, steps)
    until(lambda: ended(jobs.poll(key, steps)))
    assert (job.state, len(job.results)) == ("done", 30)


def test_a_job_given_up_in_the_queue_never_begins(monkeypatch):
    wait_for_polls(monkeypatch, 0.1)
    gate, begun = threading.Event(), []

    def blocking():
        gate.wait(30)
        yield

    def abandoned():
        begun.append(True)
        yield

    jobs.poll(next(fresh), blocking)
    job = jobs.poll(next(fresh), abandoned)
    time.sleep(0.2)
    gate.set()
    until(lambda: ended(job))
    assert (job.state, begun) == ("stopped", [])


def test_only_so_many_ended_jobs_are_remembered(monkeypatch):
    monkeypatch.setattr(jobs, "KEPT", 3)
    wait_for_polls(monkeypatch, 0.0)
    for _ in range(10):
        job = jobs.poll(next(fresh), lambda: iter("ab"))
        until(lambda job=job: ended(job))
    jobs.poll(next(fresh), lambda: iter("ab"))
    assert len(jobs._jobs) <= 3 + 1


def numbers(seconds=0.01):
    for number in count():
        time.sleep(seconds)
        yield number


def test_a_paused_job_frees_the_worker_and_goes_on_where_it_was():
    key = next(fresh)
    job = jobs.poll(key, numbers)
    until(lambda: len(job.results) >= 3)
    jobs.pause(job)
    until(lambda: job.state == "paused")
    held = list(job.results)
    other = jobs.poll(next(fresh), lambda: iter("ab"))
    until(lambda: other.state == "done")
    assert jobs.poll(key, numbers) is job
    assert (job.results, job.is_over) == (held, False)
    jobs.resume(job)
    until(lambda: len(job.results) > len(held))
    assert job.results == list(range(len(job.results)))
    jobs.cancel(job)
    until(lambda: job.state == "cancelled")


@pytest.mark.parametrize("rest", [0.0, 0.2])
def test_cancelling_acts_within_a_second_and_lasts(rest):
    key = next(fresh)
    job = jobs.poll(key, numbers, rest=rest)
    until(lambda: job.results)
    jobs.cancel(job)
    until(lambda: job.state == "cancelled", seconds=1.0)
    held = list(job.results)
    time.sleep(0.05)
    assert jobs.poll(key, numbers) is job
    assert (job.results, job.is_over) == (held, True)


def test_a_paused_job_can_be_cancelled_and_forgotten():
    key = next(fresh)
    job = jobs.poll(key, numbers)
    until(lambda: job.results)
    jobs.pause(job)
    until(lambda: job.state == "paused")
    assert jobs.find(key) is job
    jobs.forget(key)
    assert (job.state, jobs.find(key)) == ("cancelled", None)


def test_a_job_that_rests_leaves_the_worker_to_others_between_its_results():
    slow = jobs.poll(next(fresh), lambda: iter(range(3)), rest=0.3)
    until(lambda: slow.results)
    quick = jobs.poll(next(fresh), lambda: iter("ab"))
    until(lambda: quick.state == "done")
    assert len(slow.results) < 3
    until(lambda: slow.state == "done")
    assert slow.results == [0, 1, 2]


def test_answers_overtake_a_measure():
    gate = threading.Event()

    def measuring():
        gate.wait(30)
        yield

    measure = jobs.poll(next(fresh), measuring, queue="measures")
    until(lambda: measure.state == "running")
    answer = jobs.poll(next(fresh), lambda: iter("a"))
    until(lambda: answer.state == "done")
    assert measure.state == "running"
    gate.set()
    until(lambda: measure.state == "done")


@pytest.mark.parametrize(("ask", "state"), [(jobs.pause, "paused"), (jobs.cancel, "cancelled")])
def test_a_checkpoint_ends_a_result_that_takes_long(ask, state):
    made = []

    def steps():
        made.append(True)
        yield len(made)
        while len(made) < 2:
            time.sleep(0.01)
            jobs.checkpoint()
        yield "end"

    job = jobs.poll(next(fresh), steps, queue="measures")
    until(lambda: job.results == [1])
    ask(job)
    until(lambda: job.state == state)
    assert job.results == [1]
    if state == "paused":
        jobs.resume(job)
        until(lambda: job.state == "done")
        assert job.results == [1, 2, "end"]  # made anew


def test_a_checkpoint_outside_of_jobs_does_nothing():
    jobs.checkpoint()
