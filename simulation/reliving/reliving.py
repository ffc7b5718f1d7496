"""The day again: what came from outside comes as it came, everything else is decided anew."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import get_args

from msgspec import Struct
from msgspec.structs import replace

from engine import commands as c
from engine import snapshot
from engine.commands import AnyCommand, InternalCommand
from engine.engine import Engine, Record
from engine.events import OrderPlaced
from engine.state import State
from engine.values import HOUR, MINUTE, CourierId, Fulfillment, Millis, StoreId
from geo.points import Point
from simulation.calibration.fitting import fit
from simulation.calibration.observing import Observer
from simulation.days.city import PERMILLE, CourierProfile, StoreSite
from simulation.days.day import Day, Visits
from simulation.forking.future import live_on
from simulation.forking.outcome import Outcome, Ridden, Watch, outcome
from simulation.people.demand import Wish
from simulation.reliving.habits import KnownHabits
from simulation.reliving.recorded import Recorded, Recorder, Shift, Visit, is_walk_in_wish
from simulation.run import Chain
from simulation.scenarios.scenario import Planner as Policy
from simulation.scenarios.scenario import Scenario
from simulation.streams import RandomStreams
from simulation.world import World

DRAIN_MS = 3 * HOUR  # after the last record: what is open then, stays open
COOKS = 500  # each order has one of its own: its stay in the kitchen is known as a whole
NEVER_H = 1e6
SURPRISES = 1.25  # who is only known to have waited this long would have waited a quarter longer

PLAYED: tuple[type[c.Command], ...] = (  # what the people of the relived day say themselves
    c.AcceptOrder,
    c.RejectOrder,
    c.UpdateReadyTime,
    c.ReportReady,
    c.ReportMissing,
    c.ReceiveReturn,
    c.ReportAuthorization,
    c.ReportInstruction,
    c.RegisterCustomer,
    c.RegisterCourier,
    c.StartShift,
    c.EndShift,
    c.AcceptOffer,
    c.DeclineOffer,
    c.ReportArrival,
    c.ReportPickup,
    c.ReportDropoff,
    c.ReportFailure,
    c.ReportBreakdown,
    c.ReportPositions,
    c.AssignDelivery,
    c.CancelOrder,
)


class Past(Struct, frozen=True):
    """A day that was: how it began, who did what, and what simply came from outside."""

    beginning: bytes  # a snapshot, just before the first visit
    recorded: Recorded
    outside: list[tuple[Millis, AnyCommand]]
    habits: Scenario
    paces: dict[CourierId, float]
    homes: dict[CourierId, Point]
    ended_at: Millis
    real: Outcome


class Relived(Struct, frozen=True):
    """The day under a policy, and how much of it was known rather than drawn."""

    outcome: Outcome
    known: dict[str, int]
    drawn: dict[str, int]
    rejections: dict[str, int]


def past_of(records: Iterator[Record]) -> Past:
    """Of a whole journal. Raises TooLittleError."""
    engine, seen = Engine(), list(records)
    first = [*takewhile(lambda x: not isinstance(x.command, c.RequestQuote), seen)]
    engine.apply_all(first)
    beginning = snapshot.dump(engine)
    observer = Observer()
    recorder, watch, digest = Recorder(observer.state), Watch(observer.state), Chain()
    homes: dict[CourierId, Point] = {}
    for record in seen:
        observer.see(record)
        recorder.see(record)
        watch.see(record)
        digest.see(record)
        if isinstance(record.command, c.StartShift):
            _note_home(homes, record.command.courier, observer.state)
    observed, ended_at = observer.finished(), observer.engine.now
    habits = fit(observed, observer.state.settings.usual, "The same day")
    lost = sum(x.thought_ms is None for x in recorder.known.visits)
    nothing = Ridden({}, 0, 0)
    return Past(
        beginning,
        recorder.known,
        [(x.at, x.command) for x in seen[len(first) :] if _is_from_outside(x)],
        habits,
        {key: x.pace for key, x in observed.couriers.items() if x.legs_s},
        homes,
        ended_at,
        outcome("as it was", 0, digest.digest.hex(), watch, ended_at, lost, nothing),
    )


def relive(past: Past, policy: Policy, seed: int = 1) -> Relived:
    """The day again. `seed` draws what is not known. The same three give the same records."""
    engine = snapshot.load(past.beginning)
    day = _day(past, engine)
    habits = KnownHabits(RandomStreams(seed), past.recorded)
    world = World(seed, Millis(day.scenario.starts_ms), engine, habits)
    made = live_on(world, day, policy, Millis(past.ended_at + DRAIN_MS), past.outside)
    return Relived(made, {**habits.known}, {**habits.drawn}, {**world.rejections})


def _is_from_outside(record: Record) -> bool:
    """Not said by anybody who is played, and not by the engine to itself."""
    command = record.command
    if isinstance(command, (*get_args(InternalCommand), *PLAYED)):
        return False
    if isinstance(command, c.RequestQuote):
        return not is_walk_in_wish(command)
    return not (isinstance(command, c.PlaceOrder) and _is_played(record))


def _is_played(record: Record) -> bool:
    """An order for as soon as possible, or one that was refused."""
    for event in record.events:
        if isinstance(event, OrderPlaced):
            return event.fulfillment is Fulfillment.DELIVERY and not event.window_from_at
    return True


def _note_home(homes: dict[CourierId, Point], courier: CourierId, state: State) -> None:
    place = state.positions.get(state.couriers[courier].number)
    if place is not None:
        homes.setdefault(courier, place)


def _day(past: Past, engine: Engine) -> Day:
    visits = past.recorded.visits
    starts = min((x.at for x in visits), default=engine.now)
    hours = max((x.at - starts for x in visits), default=0) / HOUR + 0.01
    stores = [
        replace(x, cooks=COOKS, walk_ins_per_h=0.0, restocks_every_h=NEVER_H)
        for x in past.habits.stores
    ]
    couriers = [replace(x, repair_min=NEVER_H, break_every_h=0.0) for x in past.habits.couriers]
    scenario = replace(
        past.habits,
        starts_at=datetime.fromtimestamp(starts / 1_000, UTC),
        hours=hours,
        stores=stores,
        couriers=couriers,
        engine=engine.state.settings.usual,
    )
    sites = _sites(scenario, engine.state)
    by_id = {x.id: x for x in sites}
    profiles = _profiles(past, scenario, engine)

    def again(_day: int) -> Visits:
        return ((x.at - starts, _wish(x, scenario, by_id)) for x in visits if x.store in by_id)

    return Day(scenario, sites, profiles, again, comes_again=False)


def _sites(scenario: Scenario, state: State) -> list[StoreSite]:
    """Tills and deliveries of goods come from the records, kitchens are known: any group does."""
    return [
        StoreSite(key, x.name, scenario.stores[0], n, x.location, [], [])
        for n, (key, x) in enumerate(state.stores.stores.items())
    ]


def _profiles(past: Past, scenario: Scenario, engine: Engine) -> list[CourierProfile]:
    by_kind = {(x.vehicle, x.capacity): x for x in reversed(scenario.couriers)}
    profiles = []
    for key, courier in engine.state.couriers.couriers.items():
        shifts = past.recorded.shifts.get(key, [])
        group = by_kind.get((courier.vehicle, courier.capacity), scenario.couriers[0])
        first = shifts[0] if shifts else Shift(Millis(0), Millis(0))
        again = tuple((x.starts_at, x.announced) for x in shifts[1:])
        home = past.homes.get(key) or _somewhere(engine.state)
        pace = past.paces.get(key, 1.0)
        profiles.append(
            CourierProfile(
                key, group, home, first.starts_at, first.announced, round(pace * PERMILLE), again
            )
        )
    return profiles


def _somewhere(state: State) -> Point:
    return next(iter(state.stores.stores.values())).location


def _wish(x: Visit, scenario: Scenario, sites: dict[StoreId, StoreSite]) -> Wish:
    """What is known of it, and for the rest what agrees with what is known."""
    demand = scenario.demand
    draws = RandomStreams(0).named("relived", x.key)
    longest = int(demand.longest_promise_min.draw(draws) * MINUTE)
    tolerance = int(demand.tolerance_min.draw(draws) * MINUTE)
    thinks = demand.thinking_s.draw_ms(draws)
    if x.promised_ms is not None:  # it was, or was not, too long to wait
        taken = x.thought_ms is not None
        longest = max(longest, x.promised_ms) if taken else min(longest, x.promised_ms - 1)
    if x.patience_ms is not None:
        least = round(x.patience_ms * SURPRISES)
        tolerance = x.patience_ms if x.gave_up else max(tolerance, least)
    return Wish(
        key=x.key,
        customer=x.customer,
        home=x.home,
        store=sites[x.store],
        lines=x.lines,
        thinks_ms=thinks if x.thought_ms is None else x.thought_ms,
        longest_promise_ms=longest,
        tolerance_ms=tolerance,
        comes_back=False,
        changes_mind_after_ms=x.changed_mind_ms,
        pin=x.pin,
    )


def caveats(past: Past, found: Sequence[Relived]) -> Iterator[str]:
    """What of it is no more than likely, a sentence each."""
    lost = sum(x.thought_ms is None for x in past.recorded.visits)
    visits = f"{len(past.recorded.visits)} visits as they were"
    yield f"{visits}; {lost} became no order then: whether they would have now is drawn."
    for x in found:
        drawn = ", ".join(
            f"{n} of {n + x.known.get(what, 0)} {what}" for what, n in sorted(x.drawn.items())
        )
        yield f"{x.outcome.policy}: drawn, not known: {drawn or 'nothing'}."
    yield (
        "What is drawn differs from that day, whoever plans: relive the policy that was in charge, "
        "too, and lay the others beside that."
    )
    yield "Who comes does not depend on how yesterday went."
    yield "Shifts, breaks and ready times are as they were, whatever is decided."
    yield "Couriers ride straight, each at the pace of that day."
    yield "Operators' own assignments and cancellations are not repeated."
