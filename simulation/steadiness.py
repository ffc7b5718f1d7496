"""How steady plans are, as couriers and customers feel it: counted while a run goes by."""

from collections.abc import Callable
from typing import Any

from engine import events as e
from engine.engine import Record
from engine.projections.churn import Churn
from engine.queries.arrivals import arrivals, told_stops
from engine.state import State
from engine.values import MINUTE, CourierId, DeliveryId, Millis, Stop, StopKind

FLIP_MS = 5 * MINUTE  # a customer who looks again sees another time
ENDED = (e.DeliveryCompleted, e.DeliveryReturned, e.DeliveryCancelled, e.DeliveryStranded)
Ended = e.DeliveryCompleted | e.DeliveryReturned | e.DeliveryCancelled | e.DeliveryStranded
HIS_OWN = ("declined", "lapsed")  # no plan took it from him


class Steadiness:
    """Folds records; looks at the state as it is after each."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._churn = Churn()
        self._eta: dict[DeliveryId, Millis] = {}  # as it was told last
        self._told: dict[CourierId, list[Stop]] = {}
        self.eta_flips = 0
        self.offer_flips = 0
        self._folds: dict[type[Any], Callable[[Millis, Any], None]] = {
            e.RoutePlanned: self._planned,
            e.OfferAccepted: self._agreed,
            e.DeliveryUnassigned: self._withdrawn,
            **dict.fromkeys(ENDED, self._over),
        }

    def see(self, record: Record) -> None:
        at, folds = record.at, self._folds
        for event in record.events:
            fold = folds.get(type(event))
            if fold is not None:
                fold(at, event)

    @property
    def moved(self) -> int:
        """Orders that a plan gave to another courier than the plan before."""
        return sum(x.moved for x in self._churn.hours.values())

    @property
    def routes(self) -> int:
        """That were planned anew."""
        return sum(x.routes for x in self._churn.hours.values())

    # events

    def _planned(self, at: Millis, x: e.RoutePlanned) -> None:
        self._churn.planned_anew(at, x)
        stops = [stop for stop, _ in told_stops(self._state, x.courier)]
        if stops != self._told.get(x.courier):  # else it is the same way for him as before
            self._told[x.courier] = stops
            self._look(x.courier, at)

    def _agreed(self, at: Millis, x: e.OfferAccepted) -> None:
        self._look(x.courier, at)

    def _withdrawn(self, at: Millis, x: e.DeliveryUnassigned) -> None:
        self._churn.withdrawn(at, x)
        self._eta.pop(x.delivery, None)
        self.offer_flips += x.reason not in HIS_OWN

    def _over(self, at: Millis, x: Ended) -> None:
        self._churn.over(at, x)
        self._eta.pop(x.delivery, None)

    # internals

    def _look(self, courier: CourierId, at: Millis) -> None:
        for x in arrivals(self._state, courier, at):
            if x.stop.kind is StopKind.DROPOFF:
                before = self._eta.get(x.stop.delivery, x.eta_at)
                self.eta_flips += abs(x.eta_at - before) >= FLIP_MS
                self._eta[x.stop.delivery] = x.eta_at
