"""One possible future: a copy of the live engine, the people around it, and another planner."""

from collections import Counter
from collections.abc import Iterable

from engine import snapshot
from engine.commands import AnyCommand
from engine.values import HOUR, Millis
from geo.travel import Vehicle
from simulation.days.city import CourierProfile
from simulation.days.day import Day
from simulation.forking.likely import Past, day_of
from simulation.forking.outcome import Outcome, Ridden, Watch, outcome
from simulation.people.bank import Bank
from simulation.people.demand import Customers
from simulation.people.fleet import Fleet
from simulation.people.operator import Operator
from simulation.people.planner import Planner
from simulation.people.stores import Stores
from simulation.run import Chain, no_search_for_cycles
from simulation.scenarios.policies import name_of
from simulation.scenarios.scenario import Planner as Policy
from simulation.world import World


def play(
    state: bytes, past: Past, policy: Policy, seed: int, hours: float, demand: float = 1.0
) -> Outcome:
    """From a snapshot, `hours` on. Touches nothing but its own copy of the engine.

    The same snapshot, past, policy and seed give the same records. The same seed under another
    policy brings the same visits, preparation times and answers.
    """
    engine = snapshot.load(state)
    day = day_of(past, engine, hours, seed, demand)
    world = World(seed, engine.now, engine)
    return live_on(world, day, policy, Millis(engine.now + round(hours * HOUR)))


def live_on(
    world: World,
    day: Day,
    policy: Policy,
    end: Millis,
    outside: Iterable[tuple[Millis, AnyCommand]] = (),
) -> Outcome:
    """The day's people in this world until `end`, under this planner: what came of it.

    `outside`: what comes besides, and when.
    """
    began, scenario = world.now, day.scenario
    watch, digest = Watch(world.state), Chain()
    world.watch(watch.see)
    world.watch(digest.see)
    stores = Stores(world, day)
    fleet = Fleet(world, day, stores)
    Bank(world, day)
    Planner(world, policy, scenario.engine)
    customers = Customers(world, scenario, day.visits(0))
    Operator(world, scenario.operator, fleet.shifts, _nothing)
    for at, command in outside:
        world.at(max(at, began), world.submit, command)
    world.go_on()
    with no_search_for_cycles():
        world.env.run(until=end)
    ridden = _ridden(fleet, day.couriers, began, end)
    lost, seed = sum(customers.lost.values()), world.streams.seed
    return outcome(name_of(policy), seed, digest.digest.hex(), watch, end, lost, ridden)


def _ridden(fleet: Fleet, couriers: Iterable[CourierProfile], began: Millis, end: Millis) -> Ridden:
    """Until the end: legs and work that are still going on are cut there."""
    km: Counter[Vehicle] = Counter()
    on_shift_ms = 0
    for n, x in enumerate(couriers):
        fleet.movements.stop(n, end)
        km[x.group.vehicle] += fleet.movements.ridden_mm[n] / 1e6  # type: ignore[assignment]
        on_shift_ms += max(0, min(x.ends_ms, end) - began)
    return Ridden({**km}, fleet.busy_until(end), on_shift_ms)


def _nothing() -> None:
    """Nobody waits for the office's look."""
