"""Rows of couriers' work: shifts, offers and, if wanted, positions."""

from typing import NamedTuple

from engine import events as e
from engine.projections import Projections
from engine.projections.utilization import Work
from engine.values import CourierId, Millis, ShiftId
from gateway.history.rows import Rows

E7, MM = 10_000_000, 1_000


class Shift(NamedTuple):
    """What the courier had done and ridden when it began."""

    started_at: Millis
    planned_end_at: Millis
    before: Work
    ridden_mm: int
    vehicle: str


class Couriers:
    def __init__(self, rows: Rows, projections: Projections) -> None:
        self._rows = rows
        self._projections = projections
        self._shifts: dict[CourierId, Shift] = {}
        self._ended: dict[CourierId, tuple[Millis, bool]] = {}
        self._ids: list[CourierId] = []
        self._registered: dict[CourierId, tuple[str, int]] = {}
        self._fleets: dict[CourierId, str] = {}
        self._planned: dict[tuple[CourierId, ShiftId], e.ShiftPlanned] = {}
        self.currency = ""

    def registered(self, _: Millis, x: e.CourierRegistered) -> None:
        self._ids.append(x.courier)
        self._registered[x.courier] = x.vehicle.value, x.capacity
        self._fleets[x.courier] = x.fleet

    def changed(self, _: Millis, x: e.CourierChanged) -> None:
        self._registered[x.courier] = x.vehicle.value, x.capacity

    def planned(self, _: Millis, x: e.ShiftPlanned) -> None:
        self._plan(self._planned.pop((x.courier, x.shift), None))  # a name that is used again
        self._planned[x.courier, x.shift] = x

    def dropped(self, _: Millis, x: e.ShiftDropped) -> None:
        self._plan(self._planned.pop((x.courier, x.shift)), dropped=True)

    def started(self, at: Millis, x: e.ShiftStarted) -> None:
        """Only now is it known what was finished after the shift before."""
        self._tell(x.courier, at)
        before = self._projections.utilization.so_far(x.courier, at)
        self._shifts[x.courier] = Shift(
            at,
            x.ends_at,
            before,
            self._projections.emissions.ridden_mm(x.courier),
            self._registered[x.courier][0],
        )

    def ended(self, at: Millis, x: e.ShiftEnded) -> None:
        self._ended[x.courier] = at, x.broken_down

    def offered(self, at: Millis, x: e.DeliveryOffered) -> None:
        self._offer(at, x.delivery, x.courier, "offered", x.reason)

    def accepted(self, at: Millis, x: e.OfferAccepted) -> None:
        self._offer(at, x.delivery, x.courier, "accepted")

    def unassigned(self, at: Millis, x: e.DeliveryUnassigned) -> None:
        self._offer(at, x.delivery, x.courier, "unassigned", x.reason)

    def positions(self, _: Millis, x: e.PositionsReported) -> None:
        numbers, lat_e7, lon_e7, measured_at = (y.tolist() for y in x.batch.columns())
        ids = self._ids
        for number, lat, lon, at in zip(numbers, lat_e7, lon_e7, measured_at, strict=True):
            self._rows["positions"].append((at, ids[number], lat / E7, lon / E7))

    def finish(self, now: Millis) -> None:
        for courier in list(self._shifts):
            self._tell(courier, now)
        for courier, (vehicle, capacity) in self._registered.items():
            fleet = self._fleets[courier] or None
            self._rows["couriers"].append((courier, vehicle, capacity, fleet))
        for x in self._planned.values():
            self._plan(x)

    # internals

    def _plan(self, x: e.ShiftPlanned | None, dropped: bool = False) -> None:
        if x is not None:
            row = (x.courier, x.shift, x.starts_at, x.ends_at, dropped)
            self._rows["planned_shifts"].append(row)

    def _offer(self, at: Millis, delivery: str, courier: str, what: str, reason: str = "") -> None:
        self._rows["offers"].append((at, delivery, courier, what, reason or None))

    def _tell(self, courier: CourierId, now: Millis) -> None:
        shift = self._shifts.pop(courier, None)
        if shift is None:
            return
        ended_at, broken_down = self._ended.pop(courier, (None, False))
        done, before = self._projections.utilization.so_far(courier, now), shift.before
        self._rows["courier_shifts"].append(
            (
                courier,
                shift.vehicle,
                shift.started_at,
                shift.planned_end_at,
                ended_at,
                broken_down,
                done.on_duty_ms - before.on_duty_ms,
                done.busy_ms - before.busy_ms,
                done.delivered - before.delivered,
                done.fetched - before.fetched,
                done.bundles - before.bundles,
                done.earned_minor - before.earned_minor,
                self.currency,
                (self._projections.emissions.ridden_mm(courier) - shift.ridden_mm) / MM,
                self._fleets[courier] or None,
            )
        )
