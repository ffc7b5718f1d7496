"""How steady plans are, as couriers and customers feel it: orders that change couriers, offers that
are taken back, arrivals that jump. Counted while records go by, and over the last hour.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from engine import events as e
from engine.engine import Record
from engine.projections.churn import Churn, ChurnHour
from engine.projections.hours import row_at
from engine.queries.arrivals import arrivals, told_stops
from engine.state import State
from engine.values import HOUR, MINUTE, CourierId, DeliveryId, Millis, Stop, StopKind
from solvers.crossing.briefing import Briefing

FLIP_MS = 5 * MINUTE  # a customer who looks again sees another time
ENDED = (e.DeliveryCompleted, e.DeliveryReturned, e.DeliveryCancelled, e.DeliveryStranded)
Ended = e.DeliveryCompleted | e.DeliveryReturned | e.DeliveryCancelled | e.DeliveryStranded
HIS_OWN = ("declined", "lapsed")  # no plan took it from him
KEPT = HOUR // MINUTE
DROPOFF = StopKind.DROPOFF  # an enum is slow to ask for a member


def moved(briefing: Briefing, record: Record) -> int:
    """Orders that the plan in force had given to one courier, and this record gives to another."""
    names = briefing.deliveries
    home = {
        names[stop % len(names)]: courier
        for courier, route in zip(briefing.couriers, briefing.routes, strict=True)
        for stop in route
    }
    return sum(
        home.get(key, event.courier) != event.courier
        for event in record.events
        if isinstance(event, e.RoutePlanned)
        for key in {stop.delivery: None for stop in event.stops}
    )


class Counts(NamedTuple):
    """`moved`: orders that a plan gave to another courier than the plan before."""

    moved: int = 0
    offers: int = 0
    etas: int = 0


class Flips:
    """Folds records, or their events; looks at the state as it is after the record."""

    def __init__(self, state: State) -> None:
        """In the middle of a day, too: what is planned by then can move."""
        self._state = state
        routes = state.deliveries.routes.items()
        self._churn = Churn(planned={x.delivery: key for key, route in routes for x in route.stops})
        self._eta: dict[DeliveryId, Millis] = {}  # as it was told last
        self._told: dict[CourierId, list[Stop]] = {}
        self._minutes: dict[int, list[int]] = {}  # since the epoch: Counts of each
        self.routes = 0  # that were planned anew
        self.moved = self.offers = self.etas = 0
        self.folds: dict[type[Any], tuple[Callable[[Millis, Any], None]]] = {
            e.RoutePlanned: (self._replanned,),
            e.OfferAccepted: (self._agreed,),
            e.DeliveryUnassigned: (self._withdrawn,),
            e.ShiftEnded: (self._churn.left,),
            **dict.fromkeys(ENDED, (self._over,)),
        }

    def see(self, record: Record) -> None:
        for event in record.events:
            for fold in self.folds.get(type(event), ()):
                fold(record.at, event)

    def last_hour(self, now: Millis) -> Counts:
        """To the minute."""
        oldest = now // MINUTE - KEPT
        rows = [x for minute, x in self._minutes.items() if minute > oldest]
        return Counts(*map(sum, zip(*rows, strict=True))) if rows else Counts()

    # events

    def _replanned(self, at: Millis, x: e.RoutePlanned) -> None:
        self.routes += 1
        row = row_at(self._churn.hours, at, ChurnHour)
        before = row.moved
        self._churn.planned_anew(at, x)
        if row.moved > before:
            self.moved += row.moved - before
            self._count(at, 0, row.moved - before)
        stops = [stop for stop, _ in told_stops(self._state, x.courier)]
        if stops != self._told.get(x.courier):  # else it is the same way for him as before
            self._told[x.courier] = stops
            self._look(x.courier, at)

    def _agreed(self, at: Millis, x: e.OfferAccepted) -> None:
        self._look(x.courier, at)

    def _withdrawn(self, at: Millis, x: e.DeliveryUnassigned) -> None:
        self._churn.withdrawn(at, x)
        self._eta.pop(x.delivery, None)
        if x.reason not in HIS_OWN:
            self.offers += 1
            self._count(at, 1)

    def _over(self, at: Millis, x: Ended) -> None:
        self._churn.over(at, x)
        self._eta.pop(x.delivery, None)

    # internals

    def _look(self, courier: CourierId, at: Millis) -> None:
        etas = self._eta
        for x in arrivals(self._state, courier, at):
            if x.stop.kind is DROPOFF:
                key, eta_at = x.stop.delivery, x.eta_at
                if abs(eta_at - etas.get(key, eta_at)) >= FLIP_MS:
                    self.etas += 1
                    self._count(at, 2)
                etas[key] = eta_at

    def _count(self, at: Millis, which: int, many: int = 1) -> None:
        minute = at // MINUTE
        row = self._minutes.get(minute)
        if row is None:
            row = self._minutes[minute] = [0] * len(Counts._fields)
            for old in [x for x in self._minutes if x <= minute - KEPT]:
                del self._minutes[old]
        row[which] += many
