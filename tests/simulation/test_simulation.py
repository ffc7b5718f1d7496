"""A simulated city: the same seed gives the same bytes, and every order ends."""

import subprocess
import sys
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine import events as e
from engine.audit import violations
from engine.codec import GENESIS, chain, encode
from engine.commands import AdoptPlan, RouteLine
from engine.engine import Engine, Record
from engine.state.deliveries import DeliveryStatus
from engine.values import Actor, Stop, StopKind
from geo.points import distance_m
from simulation.run import Run, Simulation, simulate
from simulation.scenarios.scenario import Scenario
from simulation.scorecard import spread
from solvers.crossing.bridge import Briefing
from solvers.problem import Plan
from tests.simulated_city import small, troubled

ROOT = Path(__file__).resolve().parents[2]


@cache
def played(trouble: bool, seed: int) -> tuple[Run, list[Record]]:
    records: list[Record] = []
    run = simulate(troubled() if trouble else small(), seed, records.append)
    return run, records


def events_of(records: list[Record], kind: type) -> list:
    return [x for record in records for x in record.events if type(x) is kind]


def digest_of(records: list[Record]) -> str:
    digest = GENESIS
    for record in records:
        digest = chain(digest, encode(record))
    return digest.hex()


def test_the_same_seed_gives_the_same_records_byte_for_byte():
    run, records = played(True, 3)
    again = simulate(troubled(), 3)
    assert again.scorecard == run.scorecard
    assert again.scorecard.digest == digest_of(records)


def digest_elsewhere(**env: str) -> str:
    """Of the troubled day, in a process of its own that is told `env`."""
    program = (
        "from simulation.run import simulate; from tests.simulated_city import troubled;"
        "print(simulate(troubled(), 3).scorecard.digest)"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT), "PATH": "", **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_the_order_of_hashes_does_not_matter():
    run, _ = played(True, 3)
    assert digest_elsewhere(PYTHONHASHSEED="12345") == run.scorecard.digest


@pytest.mark.slow
def test_the_kind_of_processor_does_not_matter(tmp_path):
    """Kernels compiled for the oldest one, which has no wide registers and fuses nothing."""
    run, _ = played(True, 3)
    oldest = digest_elsewhere(NUMBA_CPU_NAME="generic", NUMBA_CACHE_DIR=str(tmp_path))
    assert oldest == run.scorecard.digest


def test_another_seed_is_another_day():
    assert played(True, 3)[0].scorecard.digest != played(True, 4)[0].scorecard.digest


@pytest.mark.parametrize("seed", range(1, 7))
def test_every_order_ends_and_every_invariant_holds_however_much_goes_wrong(seed):
    run, _ = played(True, seed)
    assert run.scorecard.stuck == []
    assert violations(run.state) == []
    assert run.state.orders.open_count == 0
    assert not run.state.deliveries.open
    assert run.is_sound


def test_where_nothing_goes_wrong_everything_is_delivered():
    orders = played(False, 1)[0].scorecard.orders
    assert orders.placed == orders.delivered == orders.customers > 30
    assert not orders.lost
    assert not orders.cancelled
    assert not orders.returned


def test_trouble_takes_every_path_of_an_order():
    """Otherwise the other tests here would prove less than they say."""
    records = [record for seed in range(1, 7) for record in played(True, seed)[1]]
    causes = {(x.actor, x.reason) for x in events_of(records, e.OrderCancelled)}
    assert {actor for actor, _ in causes} >= {
        Actor.CUSTOMER,
        Actor.STORE,
        Actor.PAYMENT,
        Actor.SYSTEM,
    }
    assert {reason for actor, reason in causes if actor is Actor.PAYMENT} == {
        "payment_declined",
        "payment_timeout",
    }
    unassigned = {x.reason for x in events_of(records, e.DeliveryUnassigned)}
    assert unassigned >= {"declined", "lapsed", "off_shift", "broken_down"}
    assert any(x.late for x in events_of(records, e.PaymentAuthorized))
    for kind in (
        e.DeliveryStranded,
        e.OrderReturned,
        e.StockReturned,
        e.OrderReduced,
        e.ReadyTimeChanged,
        e.StoreClosed,
        e.StockSold,
        e.InstructionFailed,
    ):
        assert events_of(records, kind), kind


def test_a_repeat_of_the_records_gives_the_same_state():
    run, records = played(True, 5)
    engine = Engine()
    for record in records:
        engine.apply(record)
    assert engine.state.orders == run.state.orders
    assert engine.state.deliveries.deliveries == run.state.deliveries.deliveries
    assert engine.state.ledger == run.state.ledger


def test_records_are_made_at_the_moment_they_tell_of():
    _, records = played(True, 3)
    times = [record.at for record in records]
    assert times == sorted(times)
    due = {x.at for x in events_of(records, e.TimerSet)}
    fired = [r.at for r in records if r.events and type(r.events[0]) is e.TimerFired]
    assert fired
    assert set(fired) <= due


def test_couriers_ride_as_long_as_the_travel_model_says():
    """From the start of a leg to the arrival: the straight line, detour and own pace included."""
    scenario = small()
    _, records = played(False, 1)
    stores = {x.store: x.location for x in events_of(records, e.StoreRegistered)}
    created = {x.delivery: x for x in events_of(records, e.DeliveryCreated)}
    left: dict[str, int] = {}
    checked = 0
    for record in records:
        for x in record.events:
            if type(x) is e.DeliveryPickedUp:
                left[x.delivery] = record.at
            direct = type(x) is e.CourierArrived and x.stop is StopKind.DROPOFF
            if direct and x.delivery in left:
                delivery = created[x.delivery]
                way_m = distance_m(stores[delivery.store], delivery.dropoff)
                fastest_mm_s = scenario.engine.travel.scooter_mm_s * 1.6
                at_least_ms = way_m * 1_300 / fastest_mm_s * 1_000
                assert record.at - left[x.delivery] >= at_least_ms - 1
                checked += 1
    assert checked > 30


def test_the_engine_sees_couriers_only_where_they_are():
    _, records = played(False, 1)
    batches = [x.batch for x in events_of(records, e.PositionsReported)]
    assert max(len(x.columns()[0]) for x in batches) == 8


def test_an_order_nobody_ever_takes_is_given_up_by_the_office():
    scenario = small()
    nobody = replace(
        scenario,
        couriers=[replace(x, declines=1.0) for x in scenario.couriers],
        demand=replace(scenario.demand, orders=4.0),
        operator=replace(scenario.operator, gives_up_after_min=45),
    )
    card = simulate(nobody, 1).scorecard
    assert card.orders.delivered == 0
    assert set(card.orders.cancelled) <= {"operator/undeliverable", "customer/too_slow"}
    assert card.stuck == []


def test_couriers_are_called_back_when_something_waits_and_nobody_is_there():
    scenario = small()
    going_home = [replace(x, to_h=0.8) for x in scenario.couriers]
    slow = [
        replace(x, preparation_s=replace(x.preparation_s, median=1_500.0, p90=1_500.0))
        for x in scenario.stores
    ]
    run = simulate(replace(scenario, couriers=going_home, stores=slow), 2)
    assert run.is_sound
    assert run.scorecard.orders.delivered > 0
    assert run.scorecard.fleet.worked_h > 8 * 0.8


def test_what_is_stuck_is_named(monkeypatch):
    """A planner who never offers anything, and an office that looks away."""
    monkeypatch.setattr("simulation.run.DRAIN_H_MAX", 1)
    monkeypatch.setattr("simulation.people.planner.answer", never_offer)
    scenario = small()
    patient = replace(
        scenario,
        demand=replace(
            scenario.demand,
            orders=4.0,
            tolerance_min=replace(scenario.demand.tolerance_min, median=900.0, p90=900.0),
        ),
        operator=replace(scenario.operator, gives_up_after_min=900.0),
    )
    run = simulate(patient, 1)
    assert run.scorecard.stuck
    assert run.scorecard.orders.open == len(run.scorecard.stuck)
    assert not run.is_sound


def never_offer(briefing: Briefing, _: Plan, __: object) -> AdoptPlan:
    return AdoptPlan(briefing.planning_round, [])


def test_a_planner_of_one_order_at_a_time_delivers_too(monkeypatch):
    """The actors rely on no solver: here each free courier is simply given one order."""
    monkeypatch.setattr("simulation.people.planner.answer", one_at_a_time)
    run = simulate(small(), 1)
    assert run.is_sound
    assert run.scorecard.orders.delivered > 20


def one_at_a_time(briefing: Briefing, _: Plan, __: object) -> AdoptPlan:
    orders = briefing.problem.orders
    carried = {briefing.deliveries[x % orders] for route in briefing.routes for x in route}
    free = [x for x in briefing.deliveries if x not in carried]
    lines = []
    rows = zip(briefing.couriers, briefing.versions.tolist(), briefing.routes, strict=True)
    for courier, version, route in rows:
        if not route and free:
            key = free.pop(0)
            stops = [Stop(StopKind.PICKUP, key), Stop(StopKind.DROPOFF, key)]
            lines.append(RouteLine(courier, version, stops, [key]))
    return AdoptPlan(briefing.planning_round, lines)


# the scorecard


@pytest.mark.parametrize(("trouble", "seed"), [(False, 1), (True, 2), (True, 6)])
def test_the_scorecard_agrees_with_a_recount_of_the_records(trouble, seed):
    run, records = played(trouble, seed)
    card = run.scorecard
    placed = {x.order: x for x in events_of(records, e.OrderPlaced)}
    fulfilled = {x.order: x.at for x in events_of(records, e.OrderFulfilled)}
    cancelled = Counter(f"{x.actor}/{x.reason}" for x in events_of(records, e.OrderCancelled))
    returned = Counter(x.reason for x in events_of(records, e.OrderReturned))
    orders = card.orders
    assert orders.placed == len(placed)
    assert orders.delivered == len(fulfilled)
    assert orders.cancelled == cancelled
    assert orders.returned == returned
    assert orders.customers == orders.placed + sum(orders.lost.values())
    ended = orders.delivered + sum(cancelled.values()) + sum(returned.values())
    assert orders.placed == ended + orders.open
    assert card.service.click_to_door == spread(
        [at - placed[order].placed_at for order, at in fulfilled.items()]
    )
    late = [x for x, at in fulfilled.items() if at > placed[x].promised_at]
    assert card.service.on_time_share == round(1 - len(late) / len(fulfilled), 4)
    assert card.service.lateness.count == len(late)
    told = {
        x: placed[x].promised_at - placed[x].sooner_ms for x in fulfilled if placed[x].sooner_ms
    }
    early = [x for x, at in told.items() if fulfilled[x] <= at]
    assert card.service.by_expected_share == round(len(early) / len(told), 4)
    assert card.planning.rounds == len(events_of(records, e.PlanningRoundOpened))
    assert card.planning.offers == len(events_of(records, e.DeliveryOffered))
    assert sum(card.rejections.values()) == len(events_of(records, e.CommandRejected))
    assert card.records == len(records)
    pay = [x for x in events_of(records, e.LedgerPosted) if x.memo == "courier pay"]
    assert card.fleet.cost_minor == sum(x.postings[0].amount_minor for x in pay)


def test_time_on_shift_is_what_the_shifts_say():
    run, records = played(True, 2)
    worked, since = 0, {}
    for record in records:
        for x in record.events:
            if type(x) is e.ShiftStarted:
                since[x.courier] = record.at
            elif type(x) is e.ShiftEnded:
                worked += record.at - since.pop(x.courier)
    ends = run.scenario.starts_ms + run.scorecard.simulated_h * 3_600_000
    worked += sum(ends - at for at in since.values())
    assert run.scorecard.fleet.worked_h == pytest.approx(worked / 3_600_000, abs=0.2)
    assert 0 < run.scorecard.fleet.utilization < 1


def test_shifts_are_paid_to_their_end_although_the_last_order_ends_before():
    """Otherwise an hour less of everybody's shift would save nothing."""
    city = small()
    paid = [replace(x, hourly_minor=1_000) for x in city.couriers]
    cost = [
        simulate(
            replace(city, couriers=[replace(x, to_h=x.to_h + more) for x in paid]), 3
        ).scorecard.fleet.hourly_cost_minor
        for more in (1.0, 2.0)
    ]
    assert cost[1] - cost[0] == 8 * 1_000


def test_scorecards_carry_what_is_needed_to_repeat_them():
    card = played(False, 1)[0].scorecard
    assert card.provenance.seed == 1
    assert card.provenance.settings == small().engine
    assert set(card.provenance.versions) >= {"python", "o2o-dispatch", "numpy", "simpy"}
    assert "UK Government" in card.fleet.co2e_source
    other = simulate(replace(small(), hours=0.5), 1).scorecard
    assert other.provenance.scenario_digest != card.provenance.scenario_digest


def test_percentiles_are_by_nearest_rank():
    durations = [x * 1_000 for x in range(1, 11)]
    assert spread(durations).p50_s == 5.0
    assert spread(durations).p90_s == 9.0
    assert spread([]).count == 0


def test_deliveries_end_in_one_of_three_ways():
    run, _ = played(True, 6)
    ended = {DeliveryStatus.DELIVERED, DeliveryStatus.RETURNED, DeliveryStatus.CANCELLED}
    assert {x.status for x in run.state.deliveries.deliveries.values()} <= ended


def test_a_simulation_runs_once():
    simulation = Simulation(quarter_of_an_hour(), 1)
    simulation.run()
    with pytest.raises(AssertionError, match="runs once"):
        simulation.run()


def test_progress_is_heard_about_once_a_minute():
    heard: list[int] = []
    scenario = quarter_of_an_hour()
    simulate(scenario, 1, progress=heard.append)
    assert len(heard) >= 15
    assert all(b - a == 60_000 for a, b in pairwise(heard))


def quarter_of_an_hour() -> Scenario:
    return replace(small(), hours=0.25)
