"""Who is sent to wait elsewhere, in an engine and in a whole simulated city."""

from functools import cache
from itertools import pairwise

import pytest
from msgspec.structs import replace

from engine import commands as c
from engine import events as e
from engine.columns import PositionBatch
from engine.engine import Engine, Record
from engine.settings import Settings
from engine.values import HOUR, MINUTE, SECOND, Line, Millis
from geo.points import Point, distance_m
from geo.travel import Vehicle
from simulation.run import Run, simulate
from simulation.scenarios.scenario import Scenario
from solvers.crossing.forecast import DemandForecast
from solvers.crossing.foresight import HORIZON_MS, STAY_MS, Foresight
from solvers.policies.repositioning import Terms
from tests.simulated_city import small, troubled
from tests.spaces import folded

WEST, EAST = Point.of_degrees(31.23, 121.44), Point.of_degrees(31.23, 121.48)
EAGER = Terms(least_s=0.0, per_ride_s=0.0, ride_max_s=3_600.0)
SEEDS = (1, 2, 3)


class Town:
    """Two stores an hour's walk apart, the east one popular; all couriers stand in the west."""

    def __init__(self, couriers: int = 3, terms: Terms = EAGER) -> None:
        self.engine, self.records = Engine(), []
        self.foresight = Foresight(self.engine.state, terms)
        self.now = 0
        self.do(c.OpenEngine(Settings(offer_timeout_ms=0, planning_timeout_ms=10**9)))
        for store, place in (("west", WEST), ("east", EAST)):
            self.do(c.RegisterStore(store, store, place, 2 * MINUTE))
            self.do(c.SetPrice(store, "p", 100))
            self.do(c.ReceiveStock(store, "p", 900))
        self.do(c.RegisterCustomer("ann"))
        for n in range(couriers):
            self.do(c.RegisterCourier(f"c{n}", Vehicle.SCOOTER, 9))
            self.do(c.StartShift(f"c{n}", Millis(9 * HOUR)))
        west = [WEST.lat_e7] * couriers, [WEST.lon_e7] * couriers
        self.do(c.ReportPositions(PositionBatch.pack(list(range(couriers)), *west, [0] * couriers)))

    def do(self, command: c.AnyCommand) -> None:
        if isinstance(command, c.SetPrice) and not self.engine.state.products.get("p"):
            self.do(c.ListProduct("p", "Ramen", "food"))
        for record in self.engine.step(Millis(self.now), command):
            assert record.rejection is None, record
            self.records.append(record)
            self.foresight.fold(record)

    def orders(self, store: str, count: int) -> "Town":
        """One a minute; nobody pays, so that no courier is taken."""
        place = WEST if store == "west" else EAST
        for _ in range(count):
            self.now += MINUTE
            name = f"{store}{self.now}"
            self.do(c.RequestQuote(f"q{name}", "app", "ann", store, [Line("p", 1)], place))
            self.do(c.PlaceOrder(name, "app", f"q{name}", "bank"))
        return self

    def suggested(self) -> list[c.RepositionCourier]:
        view = self.foresight.look(Millis(self.now))
        return self.foresight.suggest(view) if view is not None else []


def test_somebody_is_sent_where_orders_come_from():
    [first, *_] = Town().orders("east", 20).suggested()
    assert first.store == "east"


def test_nobody_is_sent_across_a_river_without_a_bridge():
    """As the streets have it; over the straight line, somebody goes."""
    terms = replace(EAGER, ride_max_s=1_500.0)
    town = Town(terms=terms).orders("east", 20)
    assert town.suggested()
    town.do(c.SetStreets(folded(9_000, Point.of_degrees(31.23, 121.46))))
    assert not town.suggested()


def test_before_the_first_order_and_without_couriers_nobody_is_sent():
    assert Town().suggested() == []
    assert Town(couriers=1).foresight.look(Millis(0)) is None


def test_who_was_sent_is_reckoned_to_be_there_and_left_there_for_a_while():
    town = Town(couriers=1).orders("east", 20)
    [sent] = town.suggested()
    town.do(sent)
    assert town.suggested() == []
    town.orders("west", 9)  # the forecast turns, the courier stays
    assert town.suggested() == []
    assert town.now - 20 * MINUTE < STAY_MS
    town.orders("west", 80)
    assert town.suggested() == [c.RepositionCourier("c0", "west")]


@pytest.mark.parametrize(
    "command",
    [
        c.EndShift("c0"),
        c.TakeBreak("c0", Millis(HOUR)),
    ],
)
def test_who_leaves_or_rests_is_not_sent(command):
    town = Town(couriers=1).orders("east", 20)
    town.do(command)
    assert town.suggested() == []


def test_who_has_something_to_do_is_not_sent_and_expected_where_it_ends():
    town = Town(couriers=1).orders("east", 20)
    order = [*town.engine.state.orders.orders][-1]
    amount = town.engine.state.orders[order].due_minor
    town.do(c.ReportAuthorization("bank", f"{order}/1", True, amount))
    town.do(c.AcceptOrder("east", order, Millis(town.now)))
    town.do(c.AssignDelivery("c0", f"{order}/1", "by hand"))
    assert town.foresight.look(Millis(town.now)) is None


def test_who_comes_back_expects_what_one_would_who_was_there_all_along():
    town = Town().orders("east", 20).orders("west", 5)
    there = DemandForecast()
    for record in town.records:
        there.fold(record)
    later = DemandForecast.since(town.engine.state)
    now = Millis(town.now)
    assert later.expected(now, HORIZON_MS) == pytest.approx(there.expected(now, HORIZON_MS))


# a whole city


def sparse(scenario: Scenario) -> Scenario:
    """Few orders in a wide town: couriers have time to wait, and a way to where it matters."""
    wide = replace(scenario.city, radius_m=3_500)
    few = replace(scenario.demand, orders=16, reach_m=2_500)
    return replace(scenario, city=wide, demand=few)


@cache
def played(repositions: bool, trouble: bool, seed: int) -> tuple[Run, list[Record]]:
    records: list[Record] = []
    scenario = sparse(troubled() if trouble else small())
    planner = replace(scenario.planner, repositions=repositions)
    return simulate(replace(scenario, planner=planner), seed, records.append), records


def moves_of(records: list[Record]) -> list[tuple[int, e.CourierRepositioned]]:
    return [
        (record.at, x)
        for record in records
        for x in record.events
        if isinstance(x, e.CourierRepositioned)
    ]


@pytest.mark.parametrize("trouble", [False, True])
def test_a_day_with_repositioning_is_sound_and_can_be_repeated(trouble):
    run, records = played(True, trouble, 2)
    assert run.is_sound
    assert moves_of(records)
    scenario = run.scenario
    assert simulate(scenario, 2).scorecard.digest == run.scorecard.digest


def test_nobody_is_sent_unless_the_scenario_says_so():
    assert not moves_of(played(False, False, 2)[1])


def test_nobody_is_sent_around_in_circles():
    for seed in SEEDS:
        busy_or_sent: dict[str, list[tuple[int, bool]]] = {}
        for record in played(True, False, seed)[1]:
            for x in record.events:
                if isinstance(x, e.CourierRepositioned | e.LegStarted):
                    is_move = isinstance(x, e.CourierRepositioned)
                    busy_or_sent.setdefault(x.courier, []).append((record.at, is_move))
        for told in busy_or_sent.values():
            for (first, was_move), (second, is_move) in pairwise(told):
                assert not (was_move and is_move) or second - first >= STAY_MS - SECOND


def test_who_is_sent_and_left_alone_gets_there():
    arrived = 0
    for seed in SEEDS:
        run, records = played(True, False, seed)
        stores, couriers = run.state.stores, run.state.couriers
        for at, move in moves_of(records):
            arrived += any(
                near(record, couriers[move.courier].number, stores[move.store].location)
                for record in records
                if at < record.at < at + 20 * MINUTE
            )
    assert arrived >= 3


def near(record: Record, number: int, place: Point) -> bool:
    for x in record.events:
        if isinstance(x, e.PositionsReported):
            courier, lat_e7, lon_e7, _ = x.batch.columns()
            for n in (courier == number).nonzero()[0].tolist():
                if distance_m(Point(int(lat_e7[n]), int(lon_e7[n])), place) < 20:
                    return True
    return False
