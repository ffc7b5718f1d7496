"""What solvers are told of the engine's state, and what becomes of their answers."""

import pytest

from engine import commands as c
from engine import events as e
from engine.columns import PositionBatch
from engine.engine import Engine
from engine.settings import Settings
from engine.state.deliveries import DeliveryStatus
from engine.values import HOUR, MINUTE, Line, Millis, Stop, StopKind
from geo.points import Point
from geo.travel import Vehicle
from solvers.check import violations
from solvers.crossing.bridge import answer, brief, improvement
from solvers.policies.insertion import insertion
from solvers.problem import Budget, Plan

CENTER = Point.of_degrees(31.23, 121.47)
STORE = Point.of_degrees(31.232, 121.472)
NO_TIME = Budget(iterations=0)


class Evening:
    """A store with noodles, and couriers who stand in the center."""

    def __init__(self, couriers: int = 2, **settings: int) -> None:
        self.engine = Engine()
        # Rounds stay open until they are answered: no test here is about silent solvers.
        patient = {"planning_timeout_ms": 10**9, "planning_heartbeat_ms": 1_000}
        self.do(0, c.OpenEngine(Settings(lost_ms=HOUR, **patient, **settings)))
        self.do(0, c.RegisterStore("s", "Noodles", STORE, 10 * MINUTE))
        self.do(0, c.ListProduct("p", "Ramen", "noodles"))
        self.do(0, c.SetPrice("s", "p", 1_200))
        self.do(0, c.ReceiveStock("s", "p", 100))
        self.do(0, c.RegisterCustomer("ann"))
        for n in range(couriers):
            self.do(0, c.RegisterCourier(f"c{n}", Vehicle.SCOOTER, 10))
            self.do(0, c.StartShift(f"c{n}", Millis(20 * HOUR)))
        here = [CENTER.lat_e7] * couriers, [CENTER.lon_e7] * couriers
        rows = PositionBatch.pack(list(range(couriers)), *here, [0] * couriers)
        self.do(1, c.ReportPositions(rows))

    def do(self, second: float, command: c.AnyCommand) -> list[e.AnyEvent]:
        records = self.engine.step(Millis(int(second * 1_000)), command)
        assert records[-1].rejection is None, records[-1]
        return records[-1].events

    def order(self, second: int, name: str, ready_s: int) -> None:
        """Placed, paid and accepted within that second."""
        home = Point.of_degrees(31.225, 121.465)
        self.do(second, c.RequestQuote(f"q-{name}", "svc", "ann", "s", [Line("p", 1)], home))
        self.do(second, c.PlaceOrder(name, "svc", f"q-{name}", "bank"))
        amount = self.engine.state.orders[name].due_minor
        self.do(second, c.ReportAuthorization("bank", f"{name}/1", True, amount))
        self.do(second, c.AcceptOrder("s", name, Millis(ready_s * 1_000)))

    def plan(self, second: int) -> list[e.AnyEvent]:
        """Ask the solver, and adopt what it says."""
        briefing = self.brief(second)
        plan = insertion(briefing.problem, NO_TIME)
        assert violations(briefing.problem, plan) == []
        return self.do(second, answer(briefing, plan))

    def brief(self, second: int):
        state = self.engine.state
        self.do(second, c.Tick())
        return brief(state, state.planning_rounds.open, Millis(second * 1_000))

    def status(self, delivery: str) -> DeliveryStatus:
        return self.engine.state.deliveries[delivery].status


def test_an_order_that_is_nearly_ready_is_planned_and_offered_at_once():
    evening = Evening()
    evening.order(10, "o", ready_s=100)
    kinds = [type(x) for x in evening.plan(11)]
    assert kinds == [e.RoutePlanned, e.DeliveryOffered, e.PlanningRoundClosed, e.TimerSet]


def test_an_order_that_takes_long_is_planned_but_nobody_is_told_yet():
    """Until its courier has to leave, a better plan costs nothing."""
    evening = Evening()
    evening.order(10, "o", ready_s=1_200)
    assert e.DeliveryOffered not in [type(x) for x in evening.plan(11)]
    assert evening.status("o/1") is DeliveryStatus.CREATED
    assert evening.engine.state.deliveries["o/1"].courier is not None
    evening.plan(600)
    assert evening.status("o/1") is DeliveryStatus.CREATED
    evening.plan(1_190)
    assert evening.status("o/1") is DeliveryStatus.OFFERED


def test_who_declined_is_not_asked_again_while_others_can_be():
    evening = Evening(couriers=3)
    evening.order(10, "o", ready_s=60)
    asked = []
    for second in (11, 22, 33):
        evening.plan(second)
        courier = evening.engine.state.deliveries["o/1"].courier
        asked.append(courier)
        evening.do(second + 1, c.DeclineOffer(courier, "o/1", "too far"))
    assert sorted(asked) == ["c0", "c1", "c2"]
    evening.plan(44)
    assert evening.status("o/1") is DeliveryStatus.OFFERED  # everyone said no once: ask again


def test_what_is_on_board_and_the_started_leg_are_pinned():
    evening = Evening(couriers=2, offer_timeout_ms=0)
    evening.order(10, "o", ready_s=30)
    evening.plan(11)
    carrier = evening.engine.state.deliveries["o/1"].courier
    evening.do(60, c.ReportPickup(carrier, "o/1"))
    evening.order(70, "n", ready_s=100)
    problem = evening.brief(71).problem
    row = int(carrier[1:])
    assert problem.on_board.tolist() == [row, -1]
    assert problem.bound_to.tolist() == [row, -1]
    assert problem.pinned[row] == 1
    start = problem.route_start
    assert problem.route_stops[start[row] : start[row + 1]].tolist() == [2]  # N + 0: drop-off


def test_a_plan_that_drops_somebodys_goods_is_skipped_as_pinned():
    evening = Evening(couriers=2, offer_timeout_ms=0)
    evening.order(10, "o", ready_s=30)
    evening.plan(11)
    carrier = evening.engine.state.deliveries["o/1"].courier
    evening.do(60, c.ReportPickup(carrier, "o/1"))
    evening.order(70, "n", ready_s=100)
    briefing = evening.brief(71)
    events = evening.do(71, answer(briefing, Plan.of([[], []], [0, 1])))
    assert events[0] == e.RouteSkipped(carrier, "pinned")


def test_places_become_seconds_of_travel():
    """The engine's own travel model and the solver's plane agree."""
    evening = Evening()
    evening.order(10, "o", ready_s=60)
    problem = evening.brief(11).problem
    courier = problem.xy_s[problem.courier_place[0]]
    store = problem.xy_s[problem.pickup_place[0]]
    seconds = float(((courier - store) ** 2).sum() ** 0.5)
    travel = Settings().travel
    expected_ms = travel.travel_ms(CENTER, STORE, travel.speed_mm_s(Vehicle.SCOOTER))
    assert seconds * 1_000 == pytest.approx(expected_ms, rel=1e-4)


def test_a_courier_nobody_has_seen_is_not_planned_for():
    evening = Evening(couriers=1)
    evening.do(5, c.RegisterCourier("new", Vehicle.CAR, 10))
    evening.do(5, c.StartShift("new", Millis(20 * HOUR)))
    evening.order(10, "o", ready_s=60)
    assert evening.brief(11).couriers == ["c0"]


def test_orders_of_one_visit_are_offered_together():
    evening = Evening(couriers=1)
    evening.order(10, "a", ready_s=60)
    evening.order(11, "b", ready_s=65)
    briefing = evening.brief(12)
    pickups = [0, 1, 2, 3]
    line = answer(briefing, Plan.of([pickups], [])).lines[0]
    assert line.release == ["a/1", "b/1"]
    assert line.stops[0] == Stop(StopKind.PICKUP, "a/1")


def test_an_unasked_improvement_is_adopted_where_it_holds_and_dropped_where_it_does_not():
    evening = Evening(couriers=2)
    evening.order(10, "o", ready_s=1_200)
    evening.plan(11)
    planned = evening.engine.state.deliveries["o/1"].courier
    other = "c1" if planned == "c0" else "c0"
    briefing = evening.brief(15)
    rows = {"c0": [], "c1": []}
    rows[other] = [0, 1]
    moved = improvement(briefing, Plan.of([rows[x] for x in briefing.couriers], []))
    events = evening.do(16, moved)
    assert [type(x) for x in events] == [e.RoutePlanned, e.RoutePlanned]
    assert evening.engine.state.deliveries["o/1"].courier == other
    stale = evening.do(17, moved)  # the same again: routes have other versions by now
    assert {type(x) for x in stale} == {e.RouteSkipped}


def test_a_courier_seen_on_another_continent_keeps_nobody_from_being_planned():
    evening = Evening(couriers=2)
    lisbon = Point.of_degrees(38.7, -9.1)
    rows = PositionBatch.pack([0], [lisbon.lat_e7], [lisbon.lon_e7], [5_000])
    evening.do(6, c.ReportPositions(rows))
    evening.order(10, "o", ready_s=60)
    evening.plan(11)
    assert evening.engine.state.deliveries["o/1"].courier == "c1"
