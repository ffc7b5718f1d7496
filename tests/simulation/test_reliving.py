"""A day again: the control run is the journal itself; another policy meets the same people."""

import json
import sqlite3
from contextlib import closing
from functools import cache

import pytest
from msgspec.structs import replace

from engine.engine import Record
from engine.events import EngineOpened, OrderAccepted, OrderConfirmed, OrderPlaced, OrderReady
from engine.values import HOUR
from gateway.cli import main
from gateway.storage.journal import JOURNAL_FILE
from simulation.reliving.reliving import Past, Relived, caveats, past_of, relive
from simulation.run import simulate
from simulation.scenarios.policies import name_of, policy_of
from simulation.scenarios.scenario_file import find, load, parse
from simulation.world import World
from tests.simulated_city import SMALL


@cache
def day() -> list[Record]:
    records: list[Record] = []
    simulate(load(find("lunch_rush")), 5, records.append)
    return records


@cache
def past() -> Past:
    return past_of(iter(day()))


@cache
def again(policy: str) -> Relived:
    return relive(past(), policy_of(policy))


def test_the_same_visits_come_at_the_same_times():
    visits = past().recorded.visits
    asked = [x for x in day() if type(x.command).__name__ == "RequestQuote"]
    assert [x.at for x in visits] == [x.at for x in asked]
    placed = sum(isinstance(e, OrderPlaced) for x in day() for e in x.events)
    assert sum(x.thought_ms is not None for x in visits) == placed


def test_the_same_day_twice_is_the_same_to_the_byte():
    assert relive(past(), policy_of("insertion")) == again("insertion")
    assert again("insertion").outcome.digest != again("improvement:50").outcome.digest


def test_under_its_own_policy_the_day_is_nearly_what_it_was():
    real, relived = past().real, again("insertion+repositions").outcome
    assert relived.placed == pytest.approx(real.placed, abs=3)
    assert relived.delivered == pytest.approx(real.delivered, abs=8)
    assert relived.to_door_min == pytest.approx(real.to_door_min, rel=0.06)
    assert relived.on_time_pct == pytest.approx(real.on_time_pct, abs=6)
    assert relived.open == 0


def test_orders_are_ready_when_they_were_whatever_is_decided():
    """From acceptance to ready each order takes what it took, under every policy."""

    def stays(records: list[Record]) -> dict[str, int]:
        began, took = {}, {}
        for x in records:
            for event in x.events:
                if isinstance(event, OrderAccepted):
                    began[event.order] = x.at
                elif isinstance(event, OrderReady) and event.order in began:
                    took[event.order] = x.at - began[event.order]
        return took

    real, seen = stays(day()), list[Record]()
    watch, World.watch = World.watch, _also(seen, World.watch)
    try:
        relive(past(), policy_of("matching"))
    finally:
        World.watch = watch
    relived = stays(seen)
    both = [k for k in real if f"o{k}" in relived]
    assert len(both) > 250
    assert all(relived[f"o{k}"] == real[k] for k in both)


def _also(seen, watch):
    def watching(self, watcher):
        if not self._watchers:
            watch(self, seen.append)
        watch(self, watcher)

    return watching


def test_who_worked_longer_then_than_is_allowed_now_works_as_long_as_he_may():
    """As in a journal from before there was such a bound."""
    text = SMALL.replace("to_h = 1.5", "to_h = 30\nstagger_min = 40").replace(
        "[engine]", "[engine]\nshift_max_ms = 200_000_000"
    )
    records: list[Record] = []
    simulate(parse(text), 3, records.append)
    first = records[0].events[0]
    assert isinstance(first, EngineOpened)
    bounded = replace(first, settings=replace(first.settings, shift_max_ms=24 * HOUR))
    records[0] = replace(records[0], events=[bounded, *records[0].events[1:]])
    then = past_of(iter(records))
    found = relive(then, policy_of("insertion"))
    assert not [x for x in found.rejections if x.startswith("StartShift")]
    assert found.outcome.delivered == pytest.approx(then.real.delivered, abs=3)


def test_payments_answer_as_they_did():
    known, drawn = again("improvement:50").known, again("improvement:50").drawn
    confirmed = sum(isinstance(e, OrderConfirmed) for x in day() for e in x.events)
    assert known["payments"] >= confirmed
    assert drawn.get("payments", 0) <= 3
    assert known["kitchens"] > 0.95 * (known["kitchens"] + drawn.get("kitchens", 0))


def test_it_says_what_is_not_certain():
    said = "\n".join(caveats(past(), [again("improvement:50")]))
    assert "became no order then" in said
    assert "answers to offers" in said
    assert "are not repeated" in said


def test_policies_are_written_as_they_are_read():
    for text in ("insertion", "improvement:400", "matching+repositions", "flow:3+repositions"):
        assert name_of(policy_of(text)) == text
    for text in ("nobody", "insertion:many"):
        with pytest.raises(ValueError, match=r"no solver|ITERATIONS"):
            policy_of(text)


def test_the_command_shows_zero_differences_and_then_another_policy(tmp_path, capsys):
    folder = tmp_path / "day"
    assert main(["simulate", "lunch_rush", "--seed", "5", "--out", str(folder)]) == 0
    capsys.readouterr()
    assert main(["replay", str(folder)]) == 0
    assert f"{len(day())} records decided again, 0 differ" in capsys.readouterr().out
    assert main(["replay", str(folder), "--policy", "insertion", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["control"] == {"records": len(day()), "differences": 0}
    assert told["relived"][0]["outcome"]["digest"] == again("insertion").outcome.digest
    assert main(["replay", str(folder), "--policy", "matching"]) == 0
    said = capsys.readouterr().out
    assert "not certain" in said
    assert "orders moved by plans" in said, "how steady plans were, that day and now"
    assert main(["replay", str(folder), "--policy", "improvement:100"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "improvement:100: drawn, not known" in said, "a number between colons is no picture"


def test_a_damaged_journal_is_not_relived(tmp_path, capsys):
    folder = tmp_path / "day"
    assert main(["simulate", "lunch_rush", "--seed", "5", "--out", str(folder)]) == 0
    with closing(sqlite3.connect(folder / JOURNAL_FILE)) as file:
        [[body]] = file.execute("select body from record where seq = 700")
        bad = body[:-1] + bytes([body[-1] ^ 1])
        file.execute("update record set body = ? where seq = 700", (bad,))
        file.commit()
    assert main(["replay", str(folder), "--policy", "matching"]) == 2
    assert "700" in capsys.readouterr().out
