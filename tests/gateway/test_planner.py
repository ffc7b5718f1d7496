"""The planner beside a live loop: it answers, it fails, and it holds nobody up."""

import asyncio
import logging
import threading
from contextlib import asynccontextmanager

import numpy as np

from engine import commands as c
from engine import events as e
from engine.audit import violations
from engine.columns import PositionBatch
from engine.engine import Engine
from engine.projections.churn import Churn
from engine.settings import Settings
from engine.state.deliveries import DeliveryStatus
from engine.values import MINUTE, Line, Millis
from gateway.clock import resumed
from gateway.loop import EngineLoop
from gateway.planner import Planner
from geo.points import Point
from geo.travel import Vehicle
from solvers.policies.improvement import improve
from solvers.policies.insertion import insertion
from solvers.problem import Budget, Plan

CENTER = Point.of_degrees(31.23, 121.47)
HOME = Point.of_degrees(31.235, 121.475)
PATIENCE_S = 90


class ListJournal:
    def __init__(self):
        self.records = []

    def append(self, records):
        self.records += records

    def digest_at(self, _seq):
        return bytes(16)

    def must_be_ours(self):
        pass

    def has_room(self):
        return True


@asynccontextmanager
async def city(solver, improving=None, repositions=False, moves_per_h=None, **settings):
    """A store, a courier, a planner; time runs a hundred times as fast as the wall's."""
    loop = EngineLoop(Engine(), ListJournal(), resumed(Millis(0), 100))
    running = asyncio.create_task(loop.run())
    planner = Planner(
        loop,
        solver,
        Budget(iterations=0),
        improving,
        repositions=repositions,
        moves_per_h=moves_per_h,
    )
    now = loop.clock.now()
    for command in (
        c.OpenEngine(Settings(offer_timeout_ms=0, **settings)),
        c.RegisterStore("s", "Noodles", CENTER, MINUTE),
        c.ListProduct("p", "Ramen", "noodles"),
        c.SetPrice("s", "p", 1_200),
        c.ReceiveStock("s", "p", 100),
        c.RegisterCustomer("ann"),
        c.RegisterCourier("kim", Vehicle.SCOOTER, 10),
        c.StartShift("kim", Millis(now + 600 * MINUTE)),
        c.ReportPositions(PositionBatch.pack([0], [CENTER.lat_e7], [CENTER.lon_e7], [now])),
    ):
        assert (await loop.submit(command)).record.rejection is None
    try:
        yield loop, planner
    finally:
        await planner.close()
        loop.stop()
        await running


async def order(loop, name, ready_in_ms=0):
    await loop.submit(c.RequestQuote(f"q-{name}", "svc", "ann", "s", [Line("p", 1)], HOME))
    await loop.submit(c.PlaceOrder(name, "svc", f"q-{name}", "bank"))
    amount = loop.engine.state.orders[name].due_minor
    await loop.submit(c.ReportAuthorization("bank", f"{name}/1", True, amount))
    await loop.submit(c.AcceptOrder("s", name, Millis(loop.clock.now() + ready_in_ms)))


async def until(condition):
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


def test_an_order_finds_its_courier_without_anybody_asking():
    async def evening():
        async with city(insertion) as (loop, planner):
            for n in range(5):
                await order(loop, f"o{n}")
            deliveries = loop.engine.state.deliveries
            await until(lambda: not deliveries.waiting)
            assert {x.courier for x in deliveries.open.values()} == {"kim"}
            assert {x.status for x in deliveries.open.values()} == {DeliveryStatus.ASSIGNED}
            assert violations(loop.engine.state) == []
            assert planner.failures == 0
            assert planner.thinking.count > 0

    asyncio.run(evening())


def test_a_solver_that_fails_costs_one_round_and_is_heard_of(caplog):
    calls = []

    def fails_once(problem, budget):
        calls.append(problem.orders)
        if len(calls) == 1:
            raise ZeroDivisionError("a solver's bug")
        return insertion(problem, budget)

    async def evening():
        async with city(fails_once, planning_heartbeat_ms=1_000) as (loop, planner):
            await order(loop, "o")
            await until(lambda: not loop.engine.state.deliveries.waiting)
            assert planner.failures == 1

    with caplog.at_level(logging.ERROR):
        asyncio.run(evening())
    assert "a solver's bug" in caplog.text


def test_a_solver_that_never_answers_keeps_nobody_waiting():
    """Orders, stores and couriers are served meanwhile; the engine's own timer ends the round."""
    may_answer = threading.Event()

    def stuck(problem, budget):
        may_answer.wait(PATIENCE_S)
        return insertion(problem, budget)

    async def evening():
        async with city(stuck, planning_timeout_ms=1_000) as (loop, _):
            await order(loop, "o")
            await until(lambda: any(_closed_unanswered(r) for r in loop._journal.records))
            await order(loop, "n")  # the loop still decides
            may_answer.set()
            await until(lambda: not loop.engine.state.deliveries.waiting)

    def _closed_unanswered(record):
        return isinstance(record.command, c.ClosePlanningRound) and any(
            isinstance(x, e.PlanningRoundClosed) for x in record.events
        )

    asyncio.run(evening())


def test_the_round_that_was_open_at_a_crash_is_answered_after_the_restart():
    async def evening():
        async with city(insertion) as (loop, _):
            await order(loop, "o")
            await until(lambda: not loop.engine.state.deliveries.waiting)
        engine = Engine()
        for record in loop._journal.records:
            engine.apply(record)
            if any(isinstance(x, e.PlanningRoundOpened) for x in record.events):
                break
        assert engine.state.planning_rounds.open is not None
        again = EngineLoop(engine, ListJournal(), resumed(engine.now, 100))
        running = asyncio.create_task(again.run())
        planner = Planner(again, insertion, Budget(iterations=0))
        planner.resume()
        await until(lambda: not engine.state.deliveries.waiting)
        await planner.close()
        again.stop()
        await running

    asyncio.run(evening())


def test_an_improver_hands_over_better_routes_unasked():
    """Here the one that answers does nothing at all, and rounds come once a city day."""

    def idle(problem, budget):
        unserved = [o for o in range(problem.orders) if o not in problem.route_stops]
        return Plan(problem.route_stops, problem.route_start, np.array(unserved, np.int32))

    async def evening():
        better = (improve, Budget(iterations=50))
        day = 24 * 60 * MINUTE
        async with city(idle, better, planning_heartbeat_ms=day, planning_interval_ms=day) as (
            loop,
            planner,
        ):
            await order(loop, "o")
            await until(lambda: planner.improvements)  # counted once it is durable
            assert not loop.engine.state.deliveries.waiting
            assert any(isinstance(r.command, c.ImprovePlan) for r in loop._journal.records)
            assert violations(loop.engine.state) == []

    asyncio.run(evening())


def to_the_other(problem, budget):
    """Whoever has something, has it no longer: no plan could be less steady."""
    plan = insertion(problem, budget)
    served = {x % problem.orders for x in plan.route_stops.tolist()}
    unserved = [x for x in range(problem.orders) if x not in served]
    return Plan.of([plan.route(1), plan.route(0)], unserved)


async def swapped(moves_per_h):
    """Two couriers, two orders that will not be ready for long, a plan every ten seconds. Figures,
    and how many orders changed couriers by the records."""
    settings = {
        "planning_heartbeat_ms": 10_000,
        "planning_interval_ms": 10_000,
        "planning_timeout_ms": MINUTE,
        "stale_ms": 600 * MINUTE,  # nobody reports again where he is
    }
    async with city(to_the_other, moves_per_h=moves_per_h, **settings) as (loop, planner):
        now = loop.clock.now()
        await loop.submit(c.RegisterCourier("lee", Vehicle.SCOOTER, 10))
        await loop.submit(c.StartShift("lee", Millis(now + 600 * MINUTE)))
        place = [1], [CENTER.lat_e7], [CENTER.lon_e7], [now]
        await loop.submit(c.ReportPositions(PositionBatch.pack(*place)))
        for n in range(2):
            await order(loop, f"o{n}", ready_in_ms=60 * MINUTE)
        await until(lambda: planner.thinking.count > 12)
        told = {x.name: x.value for x in planner.metrics()}
        churn = Churn()
        for record in loop._journal.records:
            for event in record.events:
                if isinstance(event, e.RoutePlanned):
                    churn.planned_anew(record.at, event)
        assert planner.failures == 0
        return told, sum(x.moved for x in churn.hours.values())


def test_a_budget_of_moves_holds_live_and_what_is_left_of_it_is_told():
    told, moved = asyncio.run(swapped(4))
    assert moved in (3, 4), "one or both of them at a time"
    assert told["o2o_plan_moved_total"] == told["o2o_plan_moved_last_hour"] == moved
    assert (told["o2o_plan_moves_budget"], told["o2o_plan_moves_left"]) == (4, 4 - moved)
    free, many = asyncio.run(swapped(None))
    assert many > 8
    assert "o2o_plan_moves_left" not in free


def test_who_has_nothing_to_do_is_sent_where_orders_come_from():
    """Nobody pays here: orders are wanted, and no courier is taken."""
    far = Point.of_degrees(31.23, 121.485)

    async def evening():
        async with city(insertion, repositions=True) as (loop, planner):
            await loop.submit(c.RegisterStore("far", "Far", far, MINUTE))
            await loop.submit(c.SetPrice("far", "p", 1_200))
            await loop.submit(c.ReceiveStock("far", "p", 100))
            for n in range(20):
                await loop.submit(c.RequestQuote(f"q{n}", "svc", "ann", "far", [Line("p", 1)], far))
                await loop.submit(c.PlaceOrder(f"o{n}", "svc", f"q{n}", "bank"))
            await until(lambda: planner.moves)
            assert loop.engine.state.couriers["kim"].asked_to_wait_at == "far"
            assert planner.failures == 0

    asyncio.run(evening())
