"""Couriers: who is working, and the number each has in every column. Not what they carry."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from engine.columns import INT32, Int32s
from engine.counts import count
from engine.events import (
    BreakPlanned,
    CourierChanged,
    CourierRegistered,
    CourierRepositioned,
    ShiftEnded,
    ShiftStarted,
    WaitEnded,
)
from engine.values import CourierId, CourierNumber, FleetId, Millis, Skill, StoreId
from geo.travel import Vehicle


class Courier(Struct, array_like=True):
    number: CourierNumber
    vehicle: Vehicle
    capacity: int
    on_shift: bool = False
    ends_at: Millis = Millis(0)
    asked_to_wait_at: StoreId | None = None  # until there is something to do
    break_until: Millis = Millis(0)
    skills: list[Skill] = []  # sorted
    fleet: FleetId = FleetId("")  # whose he is; empty: the house's own

    def is_on_break(self, now: int) -> bool:
        """Or about to be: what was accepted before is still brought to its end."""
        return now < self.break_until


class Able(NamedTuple):
    """Who is on shift and has what it takes, and how much one of them carries at most."""

    numbers: Int32s  # ascending
    capacity_max: int


class Couriers(Struct, dict=True):
    """Invariant: numbers are dense, from 0, and never reused."""

    couriers: dict[CourierId, Courier] = {}

    def __post_init__(self) -> None:
        # Derived, hence not fields: snapshots neither write nor read them.
        self.ids: list[CourierId] = list(self.couriers)
        self._of_fleet: dict[FleetId, list[CourierId]] = {}
        for key, courier in self.couriers.items():
            self._of_fleet.setdefault(courier.fleet, []).append(key)
        self.working_numbers: dict[CourierNumber, None] = {
            x.number: None for x in self.couriers.values() if x.on_shift
        }
        self._working: Int32s | None = None
        self._capacity_max: int | None = None
        self._able: dict[tuple[Skill, ...], Able] = {}  # of those on shift, as far as asked for
        self.skilled: dict[tuple[Skill, ...], int] = {}  # how many have these, at work or not
        for courier in self.couriers.values():
            count(self.skilled, tuple(courier.skills), 1)
        self.roster_version = 0  # up by one whenever who works, until when, or rests may change

    # queries

    def __getitem__(self, courier: CourierId) -> Courier:
        return self.couriers[courier]

    def get(self, courier: CourierId) -> Courier | None:
        return self.couriers.get(courier)

    def known_to(self, fleet: FleetId, courier: CourierId) -> Courier | None:
        """A fleet knows its own; the house, which has no name, knows everybody."""
        found = self.couriers.get(courier)
        return found if found is None or fleet in ("", found.fleet) else None

    @property
    def fleets(self) -> list[FleetId]:
        """Those that have couriers, the house among them."""
        return list(self._of_fleet)

    def of_fleet(self, fleet: FleetId) -> list[CourierId]:
        """In the order they were registered; not to be changed."""
        return self._of_fleet.get(fleet, [])

    def next_number(self) -> CourierNumber:
        return CourierNumber(len(self.couriers))

    def working(self) -> Int32s:
        """The numbers of everyone on shift, ascending."""
        if self._working is None:
            self._working = np.array(sorted(self.working_numbers), INT32)
        return self._working

    @property
    def capacity_max(self) -> int:
        """The largest capacity on shift; 0 if nobody is."""
        if self._capacity_max is None:
            at_work = (x.capacity for x in self.couriers.values() if x.on_shift)
            self._capacity_max = max(at_work, default=0)
        return self._capacity_max

    def able(self, skills: Sequence[Skill]) -> Able:
        """Everyone on shift who has all of these."""
        if not skills:
            return Able(self.working(), self.capacity_max)
        asked = tuple(skills)
        found = self._able.get(asked)
        if found is None:
            at_work = (self.couriers[self.ids[n]] for n in sorted(self.working_numbers))
            who = [x for x in at_work if all(s in x.skills for s in asked)]
            numbers = np.array([x.number for x in who], INT32)
            found = self._able[asked] = Able(numbers, max((x.capacity for x in who), default=0))
        return found

    # events

    def courier_registered(self, e: CourierRegistered) -> None:
        assert e.courier not in self.couriers
        assert e.number == self.next_number()
        registered = Courier(e.number, e.vehicle, e.capacity, skills=e.skills, fleet=e.fleet)
        self.couriers[e.courier] = registered
        count(self.skilled, tuple(e.skills), 1)
        self.ids.append(e.courier)
        self._of_fleet.setdefault(e.fleet, []).append(e.courier)
        self.roster_version += 1

    def courier_changed(self, e: CourierChanged) -> None:
        courier = self.couriers[e.courier]
        assert not courier.on_shift
        courier.vehicle, courier.capacity = e.vehicle, e.capacity
        count(self.skilled, tuple(courier.skills), -1)
        count(self.skilled, tuple(e.skills), 1)
        courier.skills = e.skills

    def shift_started(self, e: ShiftStarted) -> None:
        courier = self.couriers[e.courier]
        assert not courier.on_shift
        courier.on_shift, courier.ends_at = True, e.ends_at
        self.working_numbers[courier.number] = None
        self._roster_changed()

    def break_planned(self, e: BreakPlanned) -> None:
        assert self.couriers[e.courier].on_shift
        self.couriers[e.courier].break_until = e.until
        self.roster_version += 1

    def courier_repositioned(self, e: CourierRepositioned) -> None:
        assert self.couriers[e.courier].on_shift
        self.couriers[e.courier].asked_to_wait_at = e.store

    def wait_ended(self, e: WaitEnded) -> None:
        assert self.couriers[e.courier].asked_to_wait_at is not None
        self.couriers[e.courier].asked_to_wait_at = None

    def shift_ended(self, e: ShiftEnded) -> None:
        courier = self.couriers[e.courier]
        assert courier.on_shift
        courier.on_shift, courier.asked_to_wait_at = False, None
        courier.break_until = Millis(0)
        del self.working_numbers[courier.number]
        self._roster_changed()

    # internals

    def _roster_changed(self) -> None:
        self._working = self._capacity_max = None
        self._able.clear()
        self.roster_version += 1
