"""Forking: the next hours from how things are now, of copies, and the city itself notices nothing."""

from functools import cache
from itertools import takewhile

import pytest
from msgspec.structs import replace

from engine import snapshot
from engine.audit import violations
from engine.engine import Engine, Record
from engine.events import RouteSkipped
from engine.state.orders import ENDED
from engine.values import HOUR, MINUTE
from gateway.cli import main
from gateway.forking.past import read
from simulation.calibration.fitting import TooLittleError
from simulation.calibration.observing import Observer
from simulation.forking.future import play
from simulation.forking.futures import Question, ask, lines, players
from simulation.forking.habits import past_of
from simulation.forking.likely import Past, day_of
from simulation.run import simulate
from simulation.scenarios.policies import policy_of
from simulation.scenarios.scenario_file import find, load

INSERTION, IMPROVEMENT = policy_of("insertion"), policy_of("improvement:50")


@cache
def day() -> list[Record]:
    records: list[Record] = []
    simulate(load(find("lunch_rush")), 3, records.append)
    return records


@cache
def midday() -> tuple[Engine, Past]:
    """An hour into the rush: kitchens full, couriers under way."""
    observer, noon = Observer(), day()[0].at + 65 * MINUTE
    for record in takewhile(lambda x: x.at <= noon, day()):
        observer.see(record)
    return observer.engine, past_of(observer.finished(), observer.engine)


def test_a_future_is_the_same_each_time_and_disturbs_nothing():
    engine, past = midday()
    before = snapshot.dump(engine)
    first = play(before, past, INSERTION, 1, 0.5)
    assert play(before, past, INSERTION, 1, 0.5) == first
    assert play(before, past, INSERTION, 2, 0.5).digest != first.digest
    assert snapshot.dump(engine) == before
    assert first.placed > 30
    assert first.delivered > 30


def test_the_same_draw_brings_the_same_visits_under_every_policy():
    engine, past = midday()

    def visits(seed: int) -> list[object]:
        made = day_of(past, engine, 0.5, seed).visits(0)
        return [(at, x.key, x.store.id, x.lines, x.thinks_ms) for at, x in made]

    assert visits(1) == visits(1)
    assert visits(1) != visits(2)
    a = play(snapshot.dump(engine), past, INSERTION, 1, 0.5)
    b = play(snapshot.dump(engine), past, IMPROVEMENT, 1, 0.5)
    assert abs(a.placed + a.lost - b.placed - b.lost) <= 5, "still thinking at the end"


def test_twice_the_demand_brings_twice_the_visits():
    engine, past = midday()
    usual = sum(1 for _ in day_of(past, engine, 2.0, 1).visits(0))
    double = sum(1 for _ in day_of(past, engine, 2.0, 1, 2.0).visits(0))
    assert double / usual == pytest.approx(2.0, rel=0.15)


def test_what_is_under_way_goes_on_and_comes_to_an_end():
    """Nobody new comes: within three hours everything that was open has ended, soundly."""
    from simulation.people.bank import Bank
    from simulation.people.demand import Customers
    from simulation.people.fleet import Fleet
    from simulation.people.operator import Operator
    from simulation.people.planner import Planner
    from simulation.people.stores import Stores
    from simulation.world import World

    engine, past = midday()
    open_before = engine.state.orders.open_count
    assert open_before > 30
    copy = snapshot.load(snapshot.dump(engine))
    quiet = day_of(replace(past, per_hour=0.0), copy, 3.0, 1)
    world, skipped = World(1, copy.now, copy), []
    world.subscribe(RouteSkipped, skipped.append)
    stores = Stores(world, quiet)
    fleet = Fleet(world, quiet, stores)
    Bank(world, quiet)
    Planner(world, INSERTION, quiet.scenario.engine)
    Customers(world, quiet.scenario, quiet.visits(0))
    Operator(world, quiet.scenario.operator, fleet.shifts, lambda: None)
    world.go_on()
    world.env.run(until=copy.now + 3 * HOUR)
    left = [k for k, x in world.state.orders.orders.items() if x.status not in ENDED]
    assert left == []
    assert violations(world.state) == []
    illegal = {k: n for k, n in world.rejections.items() if "illegal" in k or "unknown" in k}
    assert sum(illegal.values()) <= 3, illegal


def test_a_future_resembles_what_then_happened():
    """The day that was cut off went on: about as many orders came to the door, as soon."""
    engine, past = midday()
    seen = Observer(snapshot.load(snapshot.dump(engine)).state)
    seen.engine.seq, until = engine.seq, engine.now + 30 * MINUTE
    for record in day():
        if record.seq > engine.seq and record.at <= until:
            seen.see(record)
    real = seen.finished()
    outcomes = [play(snapshot.dump(engine), past, INSERTION, n, 0.5) for n in range(1, 6)]
    delivered = sum(x.delivered for x in outcomes) / 5
    to_door = sum(x.to_door_min for x in outcomes) / 5
    assert delivered == pytest.approx(len(real.to_door_s), rel=0.25)
    assert to_door == pytest.approx(sum(real.to_door_s) / len(real.to_door_s) / 60, rel=0.2)


def test_policies_are_compared_in_the_same_futures():
    engine, past = midday()
    question = Question([INSERTION, policy_of("matching")], hours=0.25, draws=3)
    seen: list[tuple[int, int]] = []
    with players() as pool:
        answer = ask(
            snapshot.dump(engine), engine.now, engine.seq, past, question, pool,
            on_progress=lambda done, of: seen.append((done, of)),
        )  # fmt: skip
    assert seen == [(n, 6) for n in range(1, 7)]
    assert [len(x) for x in answer.outcomes] == [3, 3]
    assert all(x.difference == 0.0 for x in answer.differences(0))
    table = lines(answer)
    assert all(len(row) == 3 for row in table)
    km = next(x for x in answer.differences(1) if x.figure == "km")
    assert km.mean > 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"hours": 0.0}, "hours"),
        ({"draws": 0}, "draws"),
        ({"demand": -1.0}, "demand"),
        ({"policies": []}, "policy"),
        ({"policies": [INSERTION, INSERTION]}, "policy"),
    ],
)
def test_an_impossible_question_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        Question(**({"policies": [INSERTION], "hours": 1.0, "draws": 1} | wrong))


def test_the_command_forks_a_journal_at_any_time(tmp_path, capsys):
    folder = tmp_path / "day"
    assert main(["simulate", "lunch_rush", "--seed", "3", "--out", str(folder)]) == 0
    engine, _ = read(folder, midday()[0].now)
    assert engine.seq == midday()[0].seq
    words = ["fork", str(folder), "--at", "2025-03-07T12:00:00+08:00", "--hours", "0.1"]
    assert main([*words, "--draws", "2", "--policies", "insertion"]) == 0
    assert "delivered in time" in capsys.readouterr().out
    assert main([*words, "--policies", "nobody"]) == 2
    assert "no solver nobody" in capsys.readouterr().err
    assert main([*words, "--policies", "insertoin"]) == 2
    assert 'did you mean "insertion"' in capsys.readouterr().err
    for at, said in (("03-06T12:00", "before the journal begins"), ("03-09T12:00", "after the j")):
        assert main(["fork", str(folder), "--at", f"2025-{at}+08:00"]) == 2
        assert said in capsys.readouterr().err
    with pytest.raises(TooLittleError):
        read(folder, day()[0].at)
