"""Who says that he is at a stop while his phone is elsewhere: it is told, and held against nobody.

What he says counts all the same: a phone may err, and whoever lies about the goods is found by the
code at the door. Somebody who has not been heard of lately is silent, which is told elsewhere. Who
was in contact all along had no reason to say it later than it was: where he is now counts.
"""

from engine import commands as c
from engine import events as e
from engine.engine import Record
from engine.rules.stops import place_of
from engine.state import State
from engine.state.deliveries import Delivery
from engine.values import SECOND, CourierId, Millis, StopKind
from gateway import messages as m
from gateway.messages import Feed
from gateway.messages.approaching import Saying
from gateway.telling.contacts import Contacts
from gateway.wire import time_text
from geo.points import Point
from geo.sphere import straight_mm

DOUBT_M = 300  # more than a fix in a street canyon is off, and than a mall or a hospital is wide
SAYINGS: dict[type, Saying] = {
    c.ReportArrival: "report_arrival",
    c.ReportPickup: "report_pickup",
    c.ReportDropoff: "report_dropoff",
    c.ReportFailure: "report_failure",
}

Said = c.ReportArrival | c.ReportPickup | c.ReportDropoff | c.ReportFailure
Addressed = tuple[Feed, str, m.StopDoubted]


class Doubts:
    """How often each courier was doubted so far: `counts`."""

    def __init__(
        self, s: State, counts: dict[CourierId, int] | None = None, contacts: bytes = b""
    ) -> None:
        self._s = s
        self.counts = {} if counts is None else counts
        self.contacts = Contacts(contacts)

    def of(self, courier: str) -> int:
        return self.counts.get(CourierId(courier), 0)

    def fold(self, record: Record) -> list[Addressed]:
        """What there is to tell; the state is as the record left it."""
        said = record.command
        if isinstance(said, c.ReportPositions):
            self._hear(record)
        if not isinstance(said, Said) or record.rejection is not None:
            return []
        delivery = self._s.deliveries[said.delivery]
        kind = _stop_of(said, delivery)
        place = place_of(kind, delivery, self._s.stores)
        at = min(e.happened_at(x, record.at) for x in record.events)  # as it was believed
        found = self._far_from(said.courier, place, at, record.at)
        if found is None:
            return []
        self.counts[said.courier] = self.of(said.courier) + 1
        far_m, seen_at = found
        body = m.StopDoubted(
            delivery.order,
            said.delivery,
            said.courier,
            kind.value,
            SAYINGS[type(said)],
            far_m,
            time_text(seen_at),
            time_text(record.at),
        )
        told: list[Addressed] = [("orders", self._s.orders[delivery.order].placed.service, body)]
        if place == self._s.stores[delivery.store].location:
            told.append(("tickets", delivery.store, body))
        return told

    def _hear(self, record: Record) -> None:
        for event in record.events:
            if isinstance(event, e.PositionsReported):
                self.contacts.fold(event, record.at, self._s.settings.current.stale_ms)

    def _far_from(
        self, courier: CourierId, place: Point, at: Millis, now: Millis
    ) -> tuple[int, Millis] | None:
        """How far he was when last seen, and when; None where he may well have come since, or
        have been there before. Long before is no silence: how far he can have gone is known."""
        registered, settings = self._s.couriers[courier], self._s.settings.current
        seen = self._s.positions.get(registered.number)
        if seen is None:
            return None
        seen_at = int(self._s.positions.measured_at[registered.number])
        if at - seen_at > settings.stale_ms:
            return None
        far_mm = straight_mm(seen.lat_e7, seen.lon_e7, place.lat_e7, place.lon_e7)
        speed_mm_s = settings.travel.speed_mm_s(registered.vehicle)
        rode_mm = abs(at - seen_at) * speed_mm_s // SECOND
        if at < min(seen_at, now - settings.stale_ms) and self.contacts.was_throughout(
            registered.number, at, now, settings.stale_ms
        ):
            rode_mm = 0
        if far_mm - rode_mm <= DOUBT_M * 1_000:
            return None
        return int(far_mm) // 1_000, Millis(seen_at)


def _stop_of(said: Said, delivery: Delivery) -> StopKind:
    if isinstance(said, c.ReportArrival):
        return said.stop
    fetched_nothing = isinstance(said, c.ReportFailure) and bool(delivery.change)
    is_pickup = isinstance(said, c.ReportPickup) or fetched_nothing
    return StopKind.PICKUP if is_pickup else StopKind.DROPOFF
