"""Fork now, over the gateway: beside the city, and the city itself notices nothing."""

import asyncio
import os
from datetime import UTC, datetime
from functools import cache
from itertools import takewhile

import pytest
from msgspec.structs import replace

from engine import snapshot
from engine.engine import NO_KEY
from engine.state import State
from engine.values import MINUTE
from gateway import messages as m
from gateway.client import RequestRefusedError
from gateway.codes import Refusal
from gateway.forking.jobs import KEPT_S, WAITING_MAX, Forks
from gateway.forking.playing import answer
from gateway.forking.playing import told as outlook_told
from gateway.storage.journal import JOURNAL_FILE, JournalReader, SqliteJournal
from gateway.storage.recovery import recover
from simulation.forking.futures import Outlook
from simulation.forking.outcome import Ridden, Watch, outcome
from simulation.run import simulate
from simulation.scenarios.scenario_file import find, load
from tests.serving import live, party, serving, small_city

QUICK = m.StartFork(["insertion"], 0.25, 1)
STARTS = datetime(2100, 1, 1, 11, tzinfo=UTC)  # a server goes on from there, not from today
LAG_MS = 1_000  # the process competes for the cores; a blocked loop would stand still far longer


@cache
def midday():
    records = []
    simulate(replace(load(find("lunch_rush")), starts_at=STARTS), 3, records.append)
    noon = records[0].at + 50 * MINUTE
    return list(takewhile(lambda x: x.at <= noon, records))


def journal_of_midday(folder):
    with SqliteJournal(folder / JOURNAL_FILE) as journal:
        journal.append(midday())


async def ended(operator, job):
    seen = []
    while True:
        told = await operator.request(m.GetFork(job))
        seen.append((told.status, told.done))
        if told.status in ("completed", "failed"):
            return told, seen
        await asyncio.sleep(0.05)


@live
async def test_a_fork_answers_and_the_engine_is_to_the_byte_what_it_was(tmp_path):
    journal_of_midday(tmp_path)
    async with serving(tmp_path) as app, party(app, "operator", "ops") as operator:
        job = await operator.request(m.StartFork(["insertion", "matching"], 0.25, 2))
        assert (job.status, job.done, job.of) == ("pending", 0, 4)
        told, seen = await ended(operator, job.job)
        await app.loop.settled()
        seq, state = app.engine.seq, snapshot.dump(app.engine)  # at once: nothing comes between
        with JournalReader(tmp_path / JOURNAL_FILE) as journal:
            asked = {x.key for x in journal.read(len(midday()) + 1, seq)}
            assert snapshot.dump(recover(journal, seq)) == state
        assert asked <= {NO_KEY}, "timers of the city's own, and nobody has said anything"
        assert app.loop.lag_ms.p99 < LAG_MS
        outlook = told.outlook
        assert (told.status, told.done, told.error) == ("completed", 4, None)
        assert [x for _, x in seen] == sorted(x for _, x in seen)
        assert outlook.policies == ["insertion", "matching"]
        assert outlook.seq >= len(midday())
        delivered = next(x for x in outlook.rows if x.name == "delivered")
        assert delivered.figures[0].mean > 10
        assert (delivered.figures[0].half_width, delivered.better) == (None, "more")
        apart = delivered.figures[1].mean - delivered.figures[0].mean
        assert delivered.figures[1].difference == pytest.approx(apart, abs=0.002)


@live
async def test_a_city_nobody_knows_anything_of_cannot_be_forked(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        told, _ = await ended(city.operator, (await city.operator.request(QUICK)).job)
        assert (told.status, told.error.code, told.error.retryable) == (
            "failed",
            "too_little_known",
            True,
        )


@live
async def test_only_operators_fork_and_only_with_what_there_is(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        assert (await city.shop.ask(QUICK)).error.code == "forbidden"
        assert (await city.shop.ask(m.GetFork("x"))).error.code == "forbidden"
        for policies in (["guessing"], ["insertion", "insertion"]):
            with pytest.raises(RequestRefusedError, match="malformed"):
                await city.operator.request(m.StartFork(policies))
        with pytest.raises(RequestRefusedError, match=r"no solver insertoin; .* insertion\?"):
            await city.operator.request(m.StartFork(["insertoin"]))
        with pytest.raises(RequestRefusedError, match="unknown"):
            await city.operator.request(m.GetFork("fork-0-1"))


@live
async def test_with_the_server_ends_what_it_plays(tmp_path):
    journal_of_midday(tmp_path)
    long = m.StartFork(["insertion"], 6.0, 20)
    async with serving(tmp_path) as app, party(app, "operator", "ops") as operator:
        job = await operator.request(long)
        while (await operator.request(m.GetFork(job.job))).status == "pending":
            await asyncio.sleep(0.02)
        while not (child := playing(tmp_path)):
            await asyncio.sleep(0.02)
    for _ in range(100):  # what was killed is reaped by somebody soon
        if not group(child):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(group(child))


def processes():
    for x in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{x}/cmdline") as told, open(f"/proc/{x}/stat") as how:
                yield int(x), told.read(), how.read().rpartition(")")[2].split()
        except OSError:
            continue


def playing(folder):
    return next((pid for pid, told, _ in processes() if f"gateway.forking\0{folder}" in told), 0)


def group(leader):
    return [pid for pid, _, (state, _, of, *_) in processes() if int(of) == leader and state != "Z"]


def test_one_is_played_at_a_time_and_a_few_may_wait(tmp_path):
    forks = Forks(tmp_path, "x", lambda: 0.0)
    jobs = [forks.answer(QUICK, f"key-{k}") for k in range(WAITING_MAX)]
    assert len({x.job for x in jobs}) == WAITING_MAX
    with pytest.raises(Refusal, match="overloaded") as refused:
        forks.answer(QUICK, "one too many")
    assert refused.value.error.retry_after_s
    assert forks.answer(QUICK, "key-1").job == jobs[1].job, "a repeat is the same job"
    with pytest.raises(Refusal, match="idempotency_conflict"):
        forks.answer(m.StartFork(["matching"]), "key-1")


@live
async def test_an_answer_is_kept_for_an_hour_whatever_it_is(tmp_path):
    now_s = [1.0]
    forks = Forks(tmp_path, "x", lambda: now_s[0])  # without a journal
    job = forks.answer(QUICK, "key").job
    life = asyncio.create_task(forks.run())
    while (told := forks.answer(m.GetFork(job), "")).status != "failed":
        await asyncio.sleep(0.02)
    life.cancel()
    await asyncio.wait([life])
    assert told.error.code == "fork_failed"
    assert "no journal" in told.error.message
    now_s[0] += KEPT_S
    assert forks.answer(m.GetFork(job), "").job == job
    now_s[0] += 1
    with pytest.raises(Refusal, match="unknown"):
        forks.answer(m.GetFork(job), "")


def test_the_process_says_how_far_it_is_and_then_the_outlook(tmp_path):
    journal_of_midday(tmp_path)
    said = []
    answer(tmp_path, m.StartFork(["insertion", "matching"], 0.25, 2), said.append)
    assert [(x.done, x.of) for x in said[:-1]] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert said[-1].outlook.draws == 2
    assert not said[-1].failed
    ridden = next(x for x in said[-1].outlook.rows if x.name == "km")
    assert ridden.figures[1].half_width > 0


def test_how_far_a_difference_reaches_is_not_said_where_a_few_draws_are_all_alike(tmp_path):
    """Two draws with one more delivered in each tell of a coincidence, not of a sure gain."""
    alike, apart = outlook_of([30, 32], [31, 33]), outlook_of([30, 32], [31, 34])
    assert alike.figures[1] == m.ForkFigure(32.0, 1.0, None, False)
    assert (apart.figures[1].difference, apart.figures[1].clear) == (1.5, False)
    assert apart.figures[1].half_width == pytest.approx(12.706 * 0.5, abs=0.001)


def outlook_of(*delivered):
    [record] = midday()[-1:]
    nothing = outcome("", 0, "", Watch(State()), record.at, 0, Ridden({}, 0, 0))
    outcomes = [[replace(nothing, delivered=x) for x in draws] for draws in delivered]
    found = Outlook(record.at, record.seq, 1.0, 60.0, ["a", "b"], outcomes)
    return next(x for x in outlook_told(found, 2).rows if x.name == "delivered")
