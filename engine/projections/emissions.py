"""CO2e of riding: by vehicle and hour, and of each order; factors from engine/rules/emissions.py.

Ridden is what odometers.py measures. What is ridden with orders to carry is shared among them
equally, so orders and empty rides add up to the fleet's total.
"""

from msgspec import Struct, field

from engine import events as e
from engine.projections.carrying import Carrying
from engine.projections.clocks import Clocks
from engine.projections.hours import Hour, row_at
from engine.projections.odometers import Odometers
from engine.rules.emissions import GRAMS_PER_KM
from engine.values import CourierId, CourierNumber, Millis
from geo.travel import Vehicle


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
    """By courier number; what a courier rode less `shared_mm` is not yet given to any order."""

    number_of: dict[CourierId, CourierNumber] = {}
    vehicles: dict[CourierNumber, Vehicle] = {}
    numbers: dict[Vehicle, list[CourierNumber]] = {}
    shared_mm: dict[CourierNumber, int] = {}
    hours: dict[Hour, RidesHour] = {}
    odometers: Odometers = field(default_factory=Odometers)

    # queries

    def vehicle_of(self, courier: CourierId | None) -> Vehicle | None:
        number = None if courier is None else self.number_of.get(courier)
        return None if number is None else self.vehicles[number]

    def ridden_mm(self, courier: CourierId) -> int:
        """As of the last reading."""
        number = self.number_of.get(courier)
        return 0 if number is None else int(self.odometers.ridden_mm[number])

    # events

    def registered(self, _: Millis, x: e.CourierRegistered) -> None:
        self.number_of[x.courier] = x.number
        self.vehicles[x.number], self.shared_mm[x.number] = x.vehicle, 0
        self.numbers.setdefault(x.vehicle, []).append(x.number)
        self.odometers.reserve(x.number + 1)

    def changed(self, at: Millis, x: e.CourierChanged) -> None:
        """What was ridden so far was ridden the way it was."""
        number = self.number_of[x.courier]
        self._read(at, number)
        self.numbers[self.vehicles[number]].remove(number)
        self.vehicles[number] = x.vehicle
        self.numbers.setdefault(x.vehicle, []).append(number)

    def look(self, at: Millis, courier: CourierId, is_on_duty: bool) -> None:
        number = self.number_of.get(courier)
        if number is not None and bool(self.odometers.on_duty[number]) != is_on_duty:
            self._read(at, number)
            self.odometers.set_duty(number, is_on_duty)

    def positions(self, at: Millis, x: e.PositionsReported) -> None:
        self.odometers.reported(x)
        if self.odometers.is_due(at):
            self.read_all(at)

    def read_all(self, at: Millis) -> None:
        """Up to the newest positions: also before the last figures are told."""
        ridden = self.odometers.read_all(at)
        hour = row_at(self.hours, at, RidesHour)
        for vehicle, numbers in self.numbers.items():
            if ridden_mm := int(ridden[numbers].sum()):
                hour.of(vehicle).ridden_mm += ridden_mm

    def share(self, at: Millis, courier: CourierId, carrying: Carrying, clocks: Clocks) -> None:
        """Before the load changes: what was ridden so far was ridden for what is carried now."""
        number = self.number_of.get(courier)
        if number is None:
            return
        self._read(at, number)
        ridden_mm = int(self.odometers.ridden_mm[number])
        rest_mm = ridden_mm - self.shared_mm[number]
        self.shared_mm[number] = ridden_mm
        deliveries = carrying.of.get(courier)
        if not rest_mm or not deliveries:
            return
        vehicle = self.vehicles[number]
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

    def _read(self, at: Millis, number: CourierNumber) -> None:
        ridden_mm = self.odometers.read(number)
        if ridden_mm:
            row_at(self.hours, at, RidesHour).of(self.vehicles[number]).ridden_mm += ridden_mm
