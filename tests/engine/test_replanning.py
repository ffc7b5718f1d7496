"""Ten thousand plans by a planner without judgment: what is promised to couriers stays so.

Property tests draw a plan now and then; here whatever happens is followed by several, and hardly
anything is offered at once, so that there is something to plan anew.
"""

import itertools

import pytest

from engine import commands as c
from engine import events as e
from engine.audit import violations
from engine.state.deliveries import BEFORE_PICKUP, ON_BOARD, DeliveryStatus
from engine.values import HOUR, SECOND, StopKind
from tests.days import random_plans
from tests.days.random_days import COURIERS, PRODUCTS, STORES, RandomDay
from tests.good_deeds import answers, progress, reopening

SEEDS = range(10)
STEPS = 1_800
SOLD_OUT = 300  # steps after which there is nothing left to buy
PLANS = 1_000  # of each, adopted while somebody has goods on board
OPEN = 12  # deliveries at a time
IN_A_ROW = 5
OFFERED = 0.04


class Held:
    """What no plan may touch, as it stands."""

    def __init__(self, day: RandomDay) -> None:
        deliveries = day.engine.state.deliveries
        open_ = deliveries.open.items()
        self.aboard = {key: x.courier for key, x in open_ if x.status in ON_BOARD}
        self.told = {
            key: x.courier
            for key, x in open_
            if x.status in BEFORE_PICKUP and x.status is not DeliveryStatus.CREATED
        }
        self.legs = {key: x.stops[0] for key, x in deliveries.routes.items() if x.under_way}


def check_routes(day: RandomDay) -> None:
    """Every pickup before its drop-off, each stop once, and never more than fits."""
    state = day.engine.state
    for courier, route in state.deliveries.routes.items():
        assert len({*route.stops}) == len(route.stops), courier
        load = sum(
            state.deliveries[stop.delivery].load
            for stop in route.stops
            if state.deliveries[stop.delivery].status in ON_BOARD
        )
        fetched = {x.delivery for x in route.stops if x.kind is StopKind.PICKUP}
        for stop in route.stops:
            is_pickup = stop.kind is StopKind.PICKUP
            load += state.deliveries[stop.delivery].load * (1 if is_pickup else -1)
            assert load <= state.couriers[courier].capacity or not is_pickup, courier
            if is_pickup:
                fetched.remove(stop.delivery)
            else:
                assert stop.delivery not in fetched, f"{courier} hands over what he has to fetch"


def what_happens(day: RandomDay) -> list[c.AnyCommand]:
    """Somebody buys while there is room; else one of those who are waited for does his part."""
    state = day.engine.state
    deeds = [*answers(state, day.at), *progress(state, COURIERS, day.rng), *reopening(state)]
    if len(state.deliveries.open) < OPEN and day.rng.random() < 0.3:
        return day.buy()
    idle = [x for x in COURIERS if not state.couriers[x].on_shift]
    deeds += [c.StartShift(x, day.at + HOUR) for x in idle]
    return [day.rng.choice(deeds)] if deeds else day.buy()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_thousand_plans_of_each_leave_alone_what_is_on_board_told_or_begun(seed):
    day, adopted, refused = RandomDay(seed), 0, 0
    for _ in day.records(0):
        pass
    for step in range(STEPS):
        day.at += SECOND
        if step % SOLD_OUT == 0:
            for store, product in itertools.product(STORES, PRODUCTS):
                day.engine.step(day.at, c.ReceiveStock(store, product, 40))
        for command in what_happens(day):
            day.engine.step(day.at, command)
        for _ in range(IN_A_ROW):
            before = Held(day)
            plan = c.ImprovePlan(random_plans.draw(day, OFFERED).lines)
            kinds = [type(x) for x in day.engine.step(day.at, plan)[-1].events]
            after = Held(day)
            assert after.aboard == before.aboard
            assert after.told.items() >= before.told.items()
            assert after.legs.items() >= before.legs.items()
            adopted += e.RoutePlanned in kinds and bool(before.aboard)
            refused += e.RouteSkipped in kinds
        check_routes(day)
    assert adopted >= PLANS
    assert refused
    assert not [*violations(day.engine.state)]
