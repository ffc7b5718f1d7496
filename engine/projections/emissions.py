"""CO2e of riding: by vehicle and hour, and of each order; factors from engine/rules/emissions.py.

Ridden is what lies between the positions a courier reported on duty. What is ridden with orders
to carry is shared among them equally, so orders and empty rides add up to the fleet's total.
"""

import numpy as np
from msgspec import Struct, field

from engine import events as e
from engine.columns import INT32, INT64, Int32s, Int64s
from engine.projections.carrying import Carrying
from engine.projections.clocks import Clocks
from engine.projections.hours import Hour, row_at
from engine.rules.emissions import GRAMS_PER_KM
from engine.values import CourierId, CourierNumber, Millis
from geo.sphere import straight_mm_between
from geo.travel import Vehicle

UNSEEN = -1
STILL_MM = 10_000  # a receiver that lies on a table wanders that far
SPEED_MAX_MM_S = 60_000  # faster is a mistake of the receiver: that leg does not count
VEHICLES = tuple(Vehicle)


class Ridden(Struct, array_like=True):
    """By one kind of vehicle; micrograms: g/km times millimeters."""

    ridden_mm: int = 0
    carrying_mm: int = 0  # of that, with an order to carry; counted when the load changes
    delivered: int = 0
    delivered_ug: int = 0  # of the orders delivered

    def add(self, other: "Ridden") -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class RidesHour(Struct, array_like=True):
    vehicles: dict[Vehicle, Ridden] = {}

    def of(self, vehicle: Vehicle) -> Ridden:
        found = self.vehicles.get(vehicle)
        if found is None:
            found = self.vehicles[vehicle] = Ridden()
        return found


class Emissions(Struct):
    """Columns by courier number. `ridden_mm` less `shared_mm` is not yet given to any order."""

    number_of: dict[CourierId, CourierNumber] = {}
    hours: dict[Hour, RidesHour] = {}
    kind: Int32s = field(default_factory=lambda: np.zeros(0, INT32))  # of VEHICLES
    lat_e7: Int32s = field(default_factory=lambda: np.zeros(0, INT32))  # the last that counted
    lon_e7: Int32s = field(default_factory=lambda: np.zeros(0, INT32))
    measured_at: Int64s = field(default_factory=lambda: np.zeros(0, INT64))
    on_duty: Int32s = field(default_factory=lambda: np.zeros(0, INT32))
    ridden_mm: Int64s = field(default_factory=lambda: np.zeros(0, INT64))
    shared_mm: Int64s = field(default_factory=lambda: np.zeros(0, INT64))

    # queries

    def vehicle_of(self, courier: CourierId | None) -> Vehicle | None:
        number = None if courier is None else self.number_of.get(courier)
        return None if number is None else VEHICLES[self.kind[number]]

    # events

    def registered(self, _: Millis, x: e.CourierRegistered) -> None:
        self.number_of[x.courier] = x.number
        self._reserve(x.number + 1)
        self.kind[x.number] = VEHICLES.index(x.vehicle)

    def look(self, courier: CourierId, is_on_duty: bool) -> None:
        """A way home and back, between two duties, is not the fleet's."""
        number = self.number_of.get(courier)
        if number is not None and self.on_duty[number] != is_on_duty:
            self.on_duty[number] = is_on_duty
            self.measured_at[number] = UNSEEN

    def positions(self, at: Millis, x: e.PositionsReported) -> None:
        """No loop: as many couriers as there are cost about the same."""
        numbers, lat_e7, lon_e7, measured_at = x.batch.columns()
        seen_at = self.measured_at[numbers]
        known = seen_at != UNSEEN
        before, after = np.empty((2, numbers.size, 2), np.int64)
        before[:, 0], before[:, 1] = self.lat_e7[numbers], self.lon_e7[numbers]
        after[:, 0], after[:, 1] = lat_e7, lon_e7
        mm = straight_mm_between(before, after)
        is_news = ~known | (mm >= STILL_MM)
        plausible = mm * 1_000 <= SPEED_MAX_MM_S * (measured_at - seen_at)
        counts = known & is_news & plausible & (self.on_duty[numbers] != 0)
        moved = numbers[is_news]
        self.lat_e7[moved], self.lon_e7[moved] = lat_e7[is_news], lon_e7[is_news]
        self.measured_at[moved] = measured_at[is_news]
        ridden = np.where(counts, mm, 0)
        self.ridden_mm[numbers] += ridden
        hour = row_at(self.hours, at, RidesHour)
        # Sums of whole millimeters in doubles: exact up to 2^53.
        sums = np.bincount(self.kind[numbers], weights=ridden, minlength=len(VEHICLES)).tolist()
        for vehicle, ridden_mm in zip(VEHICLES, sums, strict=True):
            if ridden_mm:
                hour.of(vehicle).ridden_mm += int(ridden_mm)

    def share(self, at: Millis, courier: CourierId, carrying: Carrying, clocks: Clocks) -> None:
        """Before the load changes: what was ridden so far was ridden for what is carried now."""
        number = self.number_of.get(courier)
        if number is None:
            return
        ridden_mm = int(self.ridden_mm[number])
        rest_mm = ridden_mm - int(self.shared_mm[number])
        self.shared_mm[number] = ridden_mm
        deliveries = carrying.of.get(courier)
        if not rest_mm or not deliveries:
            return
        vehicle = VEHICLES[self.kind[number]]
        row_at(self.hours, at, RidesHour).of(vehicle).carrying_mm += rest_mm
        left = len(deliveries)
        for delivery in deliveries:
            part_mm = rest_mm // left  # the last takes what is left: nothing is lost
            rest_mm, left = rest_mm - part_mm, left - 1
            clock = clocks.of_delivery(delivery)
            if clock is not None:
                clock.carried_mm += part_mm
                clock.co2e_ug += part_mm * GRAMS_PER_KM[vehicle]

    def fulfilled(self, at: Millis, x: e.OrderFulfilled, clocks: Clocks) -> None:
        clock = clocks.get(x.order)
        vehicle = self.vehicle_of(clock.courier) if clock else None
        if clock is not None and vehicle is not None:
            row = row_at(self.hours, at, RidesHour).of(vehicle)
            row.delivered += 1
            row.delivered_ug += clock.co2e_ug

    # internals

    def _reserve(self, size: int) -> None:
        """Make room, doubling, so that a growing fleet is copied seldom."""
        old = self.measured_at.size
        if size <= old:
            return
        more = (1 << (size - 1).bit_length()) - old
        for name in ("kind", "lat_e7", "lon_e7", "on_duty"):
            setattr(self, name, np.append(getattr(self, name), np.zeros(more, INT32)))
        for name in ("ridden_mm", "shared_mm"):
            setattr(self, name, np.append(getattr(self, name), np.zeros(more, INT64)))
        self.measured_at = np.append(self.measured_at, np.full(more, UNSEEN, INT64))
