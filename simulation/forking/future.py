"""One possible future: a copy of the live engine, the people around it, and another planner."""

from collections import Counter
from collections.abc import Iterable

from msgspec.structs import replace

from engine import snapshot
from engine.codec import GENESIS, chain, encode
from engine.engine import Record
from engine.values import HOUR, Millis
from geo.travel import Vehicle
from simulation.days.city import CourierProfile
from simulation.forking.likely import Past, day_of
from simulation.forking.outcome import Outcome, Ridden, Watch, outcome
from simulation.people.bank import Bank
from simulation.people.demand import Customers
from simulation.people.fleet import Fleet
from simulation.people.operator import Operator
from simulation.people.planner import Planner
from simulation.people.stores import Stores
from simulation.run import no_search_for_cycles
from simulation.scenarios.flaws import did_you_mean
from simulation.scenarios.scenario import Planner as Policy
from simulation.world import World
from solvers.portfolio import SOLVERS

REPOSITIONS, HOLDS = "+repositions", "+holds"


class Chain:
    """The digest a journal of the same records would have."""

    def __init__(self) -> None:
        self.digest = GENESIS

    def see(self, record: Record) -> None:
        self.digest = chain(self.digest, encode(record))


def play(
    state: bytes, past: Past, policy: Policy, seed: int, hours: float, demand: float = 1.0
) -> Outcome:
    """From a snapshot, `hours` on. Touches nothing but its own copy of the engine.

    The same snapshot, past, policy and seed give the same records. The same seed under another
    policy brings the same visits, preparation times and answers.
    """
    engine = snapshot.load(state)
    began = engine.now
    day = day_of(past, engine, hours, seed, demand)
    scenario = replace(day.scenario, planner=policy)
    world = World(seed, began, engine)
    watch, digest = Watch(world.state), Chain()
    world.watch(watch.see)
    world.watch(digest.see)
    stores = Stores(world, day)
    fleet = Fleet(world, day, stores)
    Bank(world, day)
    Planner(world, policy, scenario.engine)
    customers = Customers(world, scenario, day.visits(0))
    Operator(world, scenario.operator, fleet.shifts, _nothing)
    world.go_on()
    end = Millis(began + round(hours * HOUR))
    with no_search_for_cycles():
        world.env.run(until=end)
    ridden = fleet_ridden(fleet, day.couriers, began, end)
    lost = sum(customers.lost.values())
    return outcome(name_of(policy), seed, digest.digest.hex(), watch, end, lost, ridden)


def name_of(policy: Policy) -> str:
    """As it is written on the command line."""
    iterations = f":{policy.iterations}" if policy.iterations else ""
    moves, waits = REPOSITIONS if policy.repositions else "", HOLDS if policy.holds else ""
    return f"{policy.policy}{iterations}{moves}{waits}"


def policy_of(text: str) -> Policy:
    """`insertion`, or `improvement:400+repositions+holds`. Raises ValueError for what is none."""
    rest = text.removesuffix(HOLDS)
    name, _, iterations = rest.removesuffix(REPOSITIONS).partition(":")
    if name not in SOLVERS:
        hint = did_you_mean(name, SOLVERS) or f"; there are {', '.join(SOLVERS)}"
        raise ValueError(f"no solver {name}{hint}")
    if iterations and not iterations.isdecimal():
        raise ValueError(f"{text}: a policy is a solver's name, or NAME:ITERATIONS")
    return Policy(
        policy=name,
        iterations=int(iterations or 0),
        repositions=rest.endswith(REPOSITIONS),
        holds=rest != text,
    )


def fleet_ridden(
    fleet: Fleet, couriers: Iterable[CourierProfile], began: Millis, end: Millis
) -> Ridden:
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
