"""How steady the plan is, as couriers feel it: offers withdrawn, routes changed, work moved on."""

from msgspec import Struct

from engine import events as e
from engine.projections.hours import Hour, row_at, tally
from engine.values import CourierId, DeliveryId, Millis


class ChurnHour(Struct, array_like=True):
    offers: int = 0
    accepted: int = 0
    routes: int = 0  # that were planned anew
    moved: int = 0  # deliveries that a plan gave to somebody else
    withdrawn: dict[str, int] = {}  # offers and assignments that came to nothing, by reason
    skipped: dict[str, int] = {}  # routes of a plan that no longer held, by reason

    def add(self, other: "ChurnHour") -> None:
        for name in ("offers", "accepted", "routes", "moved"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in (
            (self.withdrawn, other.withdrawn),
            (self.skipped, other.skipped),
        ):
            for key, number in theirs.items():
                tally(mine, key, number)


class Churn(Struct):
    hours: dict[Hour, ChurnHour] = {}
    planned: dict[DeliveryId, CourierId] = {}  # open deliveries that were on a route

    # events

    def offered(self, at: Millis, _: e.DeliveryOffered) -> None:
        row_at(self.hours, at, ChurnHour).offers += 1

    def accepted(self, at: Millis, _: e.OfferAccepted) -> None:
        row_at(self.hours, at, ChurnHour).accepted += 1

    def withdrawn(self, at: Millis, x: e.DeliveryUnassigned) -> None:
        """Whoever takes it next takes nothing from anybody."""
        tally(row_at(self.hours, at, ChurnHour).withdrawn, x.reason)
        self.planned.pop(x.delivery, None)

    def skipped(self, at: Millis, x: e.RouteSkipped) -> None:
        tally(row_at(self.hours, at, ChurnHour).skipped, x.reason)

    def planned_anew(self, at: Millis, x: e.RoutePlanned) -> None:
        row = row_at(self.hours, at, ChurnHour)
        row.routes += 1
        planned, courier = self.planned, x.courier
        for stop in x.stops:
            before = planned.get(stop.delivery)
            if before != courier:
                row.moved += before is not None
                planned[stop.delivery] = courier

    def left(self, _: Millis, x: e.ShiftEnded) -> None:
        """What was planned for him, no plan takes away from him."""
        self.planned = {key: who for key, who in self.planned.items() if who != x.courier}

    def over(
        self,
        _: Millis,
        x: e.DeliveryCompleted | e.DeliveryReturned | e.DeliveryCancelled | e.DeliveryStranded,
    ) -> None:
        self.planned.pop(x.delivery, None)
