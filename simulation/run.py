"""One run: a scenario and a seed in, a scorecard and a digest of every record out."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from msgspec import Struct
from simpy.core import StopSimulation

from engine.audit import violations
from engine.codec import GENESIS, chain, encode
from engine.commands import OpenEngine
from engine.engine import Record
from engine.state import State
from engine.state.orders import ENDED
from engine.values import HOUR, CourierId, Millis, OrderId, ProviderId
from simulation.commerce.aftercare import Aftercare
from simulation.commerce.attendance import Attendance
from simulation.commerce.billing import Bills
from simulation.commerce.shopkeeping import Shopkeepers
from simulation.commerce.systems import Bookkeeping, Systems
from simulation.commerce.trading import Market
from simulation.days.city import CourierProfile
from simulation.days.day import Day, of_scenario
from simulation.days.streets import settings_of
from simulation.people.bank import Bank
from simulation.people.demand import SERVICE, Customers
from simulation.people.fleet import Fleet
from simulation.people.operator import Operator
from simulation.people.planner import Planner
from simulation.people.stores import Stores
from simulation.scenarios.plausibility import check
from simulation.scenarios.scenario import Planner as Policy
from simulation.scenarios.scenario import Scenario
from simulation.scorecard import (
    OrderFigures,
    Riding,
    Scorecard,
    by_count,
    fleet_figures,
    planning_figures,
    provenance,
    service_figures,
    stability_figures,
)
from simulation.tally import Tally
from simulation.world import Watcher, World
from solvers.crossing.flips import Flips

PAUSED = "paused"
DRAIN_H_MAX = 12  # after the last customer; whatever is open then is stuck

Progress = Callable[[Millis], None]


@dataclass(frozen=True, slots=True)
class Run:
    """How it went, and the state it ended in."""

    scenario: Scenario
    seed: int
    scorecard: Scorecard
    state: State

    @property
    def is_sound(self) -> bool:
        """Every order ended, and no invariant of the engine is broken."""
        return not self.scorecard.stuck and not self.scorecard.violations


class Switch(Struct, frozen=True):
    """After this record somebody else plans."""

    seq: int
    planner: Policy


class Chain:
    """The digest a journal of the same records would have; keeps nothing else."""

    def __init__(self) -> None:
        self.digest = GENESIS

    def see(self, record: Record) -> None:
        self.digest = chain(self.digest, encode(record))


class Simulation:
    """A city that can be run once. Everyone in it is a subscriber of one world."""

    def __init__(self, scenario: Scenario, seed: int, switches: Sequence[Switch] = ()) -> None:
        check(scenario)
        self.scenario, self.seed = scenario, seed
        self._switches = list(switches)
        self.world = World(seed, scenario.starts_ms)
        self._tally, self._chain = Tally(), Chain()
        self.world.watch(self._tally.see)
        self.world.watch(self._chain.see)
        self.world.fold(self._tally.folds)
        self._books = Bookkeeping() if scenario.commerce else None
        self._flips = Flips(self.world.state)
        self.world.fold(self._flips.folds)
        if self._books is not None:
            self.world.watch(self._books.see)
        self._ended = self.world.env.event()
        self._customers: Customers | None = None  # before it has begun

    @property
    def digest(self) -> bytes:
        """Of every record until now, as a journal's is."""
        return self._chain.digest

    def run(self, progress: Progress | None = None) -> Run:
        """Until every order has ended. `progress` hears of the time about once a minute."""
        assert self.world.engine.seq == 0, "a simulation runs once"
        run = self.go_on(None, progress)
        assert run is not None
        return run

    def go_on(self, until: Millis | None, progress: Progress | None = None) -> Run | None:
        """From where it is, to the end; or as far as `until`: then None, if it is not over before,
        and what is there by then can be looked at. To have stopped changes nothing."""
        world = self.world
        if self._customers is None:
            self._begin(progress)
        if until is not None:
            world.at(max(until, world.now), _pause)
        if world.env.run(until=self._ended) is PAUSED:
            return None
        assert self._customers is not None
        riding = self._riding(self._fleet, self._couriers)
        scorecard = self._scorecard(self._customers, riding)
        return Run(self.scenario, self.seed, scorecard, world.state)

    def _begin(self, progress: Progress | None) -> None:
        world, scenario = self.world, self.scenario
        world.submit(OpenEngine(settings_of(scenario)))
        day = of_scenario(scenario, world.streams)
        stores = Stores(world, day)
        fleet = Fleet(world, day, stores)
        self._trade(day, Bank(world, day))
        self._planner = Planner(world, scenario.planner, scenario.engine)
        if self._switches:
            world.watch(self._see_switch)
        projections = self._books.projections if self._books else None
        customers = Customers(world, scenario, day.visits(0), projections)
        horizon_ms = scenario.ends_ms + DRAIN_H_MAX * HOUR

        def after_look() -> None:
            if progress is not None:
                progress(world.now)
            if world.now >= horizon_ms or self._is_over(customers):
                self._ended.succeed()

        operator = Operator(world, scenario.operator, fleet.shifts, after_look)
        operator.expect(day.conditions.news(scenario.engine, day.usual_rides))
        self._customers, self._fleet, self._couriers = customers, fleet, day.couriers

    def _see_switch(self, record: Record) -> None:
        if self._switches and record.seq >= self._switches[0].seq:
            self.world.later(0, self._switch, self._switches.pop(0).planner)

    def _switch(self, planner: Policy) -> None:
        if planner == self._planner.policy:
            return  # he goes on
        self._planner.retire()
        self._planner = Planner(self.world, planner, self.scenario.engine)

    def _trade(self, day: Day, bank: Bank) -> None:
        """What happens besides deliveries."""
        world, commerce = self.world, self.scenario.commerce
        if commerce is None:
            return
        Market(world, day, commerce)
        Attendance(world, day, commerce.shops)
        Shopkeepers(world, day, commerce.shops)
        Aftercare(world, commerce, SERVICE, ProviderId(self.scenario.bank.name))
        if commerce.bill is not None:
            Bills(world, self.scenario, commerce.bill, bank)

    def _systems(self, customers: Customers) -> Systems | None:
        books, shoppers = self._books, customers.shoppers
        if books is None:
            return None
        books.suggested, books.followed = shoppers.suggested, shoppers.followed
        return books.figures(self.world.state, self.world.now)

    def _riding(self, fleet: Fleet, couriers: list[CourierProfile]) -> Riding:
        movements = fleet.movements
        hourly = [x.group.hourly_minor * self._paid_ms(x.id) for x in couriers]
        return Riding(
            [x.group.vehicle for x in couriers],
            [x // 1_000 for x in movements.ridden_mm],
            sum(fleet.busy_ms),
            round(sum(hourly) / HOUR),
            movements.ridden_ms,
            movements.planned_ms,
        )

    def _paid_ms(self, courier: CourierId) -> int:
        """Time on shift. Who still is when the last order ends stays, and is paid, to its end."""
        now, known = self.world.now, self.world.state.couriers.get(courier)
        left_ms = max(0, known.ends_at - now) if known and known.on_shift else 0
        return self._tally.worked_by(courier, now) + left_ms

    def _is_over(self, customers: Customers) -> bool:
        world = self.world
        settled = customers.is_over and not customers.undecided and not world.unanswered
        return settled and not world.state.orders.open_count and not world.state.deliveries.open

    def _scorecard(self, customers: Customers, riding: Riding) -> Scorecard:
        world, tally = self.world, self._tally
        orders = world.state.orders.orders
        stuck = [key for key, order in orders.items() if order.status not in ENDED]
        systems, wrong = self._systems(customers), violations(world.state)
        hours = round((world.now - self.scenario.starts_ms) / HOUR, 2)
        worked_ms = tally.worked_until(world.now)
        if systems is not None and systems.analytics.is_balanced is False:
            wrong.append("the projections do not say what the ledger says")
        return Scorecard(
            simulated_h=hours,
            records=world.engine.seq,
            digest=self._chain.digest.hex(),
            orders=_order_figures(tally, customers, stuck),
            service=service_figures(tally),
            fleet=fleet_figures(tally, riding, worked_ms),
            planning=planning_figures(tally),
            rejections=by_count(world.rejections),
            late_payments=tally.late_payments,
            stuck=[str(x) for x in stuck],
            violations=wrong,
            provenance=provenance(self.scenario, self.seed),
            commerce=systems,
            stability=stability_figures(self._flips, hours, worked_ms),
        )


def simulate(
    scenario: Scenario,
    seed: int,
    sink: Watcher | None = None,
    progress: Progress | None = None,
) -> Run:
    """Play a scenario to the end of its last order.

    Every record goes to `sink` as it is made and is not kept: a journal, a list, or nothing.
    The same scenario and seed give the same records, byte for byte. Raises ScenarioError.
    """
    simulation = Simulation(scenario, seed)
    if sink is not None:
        simulation.world.watch(sink)
    with no_search_for_cycles():
        return simulation.run(progress)


def _pause() -> None:
    """Out of the loop, which goes on with the next event when it is entered again."""
    raise StopSimulation(PAUSED)


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Nobody here makes garbage in cycles, and looking through a growing state costs a fifth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _order_figures(tally: Tally, customers: Customers, stuck: list[OrderId]) -> OrderFigures:
    return OrderFigures(
        customers=customers.come,
        lost=by_count(customers.lost),
        placed=tally.placed,
        delivered=tally.delivered,
        cancelled=by_count(tally.cancelled),
        returned=by_count(tally.returned),
        open=len(stuck),
        short=tally.short_orders,
        collected=tally.collected,
        stores_earned_minor=tally.stores_earned_minor,
    )
