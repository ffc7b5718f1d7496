"""Couriers' time and work: on duty, busy, delivered, bundles, earnings; by hour and by day.

On duty is on shift, or still carrying after it; busy is with something accepted to carry.
A bundle is what is fetched in one visit to a store (`courier_bundles_picked` of mdrp-sim).
"""

from collections.abc import Iterable

from msgspec import Struct, field

from engine import events as e
from engine.projections.carrying import Carrying
from engine.projections.clocks import NEVER, Clocks
from engine.projections.hours import KEPT_H, Hour, day_of, row_at
from engine.values import DAY, HOUR, CourierId, Millis, StoreId

DAYS_KEPT = 2
PERMILLE = 1_000


class Work(Struct, array_like=True):
    """Of a fleet in an hour, or of a courier in a day."""

    on_duty_ms: int = 0
    busy_ms: int = 0
    delivered: int = 0
    fetched: int = 0
    bundles: int = 0
    earned_minor: int = 0

    def add(self, other: "Work") -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Worker(Struct, array_like=True):
    on_shift: bool = False
    on_duty_since: Millis = NEVER
    busy_since: Millis = NEVER
    visiting: StoreId | None = None  # fetched there, and has been nowhere else since
    total: Work = field(default_factory=Work)  # since the first record, what goes on not included


class Utilization(Struct):
    workers: dict[CourierId, Worker] = {}
    hours: dict[Hour, Work] = {}  # of the fleet, up to `until`
    days: dict[int, dict[CourierId, Work]] = {}
    on_duty: int = 0
    busy: int = 0
    until: Millis = Millis(0)
    utc_offset_ms: int = 0

    # queries

    def is_on_duty(self, courier: CourierId) -> bool:
        worker = self.workers.get(courier)
        return worker is not None and worker.on_duty_since != NEVER

    def so_far(self, courier: CourierId, now: Millis) -> Work:
        """Since the first record, with what is going on counted until now."""
        worker = self.workers.get(courier, Worker())
        found = _copy(worker.total)
        if worker.on_duty_since != NEVER:
            found.on_duty_ms += now - worker.on_duty_since
        if worker.busy_since != NEVER:
            found.busy_ms += now - worker.busy_since
        return found

    def fleet_since(self, hour: Hour, now: Millis) -> dict[Hour, Work]:
        """By hour, with what is going on counted until now."""
        found = {x: _copy(work) for x, work in self.hours.items() if x >= hour}
        _integrate(found, self.until, now, self.on_duty, self.busy)
        return {x: work for x, work in found.items() if x >= hour}

    def today(self, now: Millis) -> dict[CourierId, Work]:
        """Everybody's work on this day by the city's clock."""
        return self.couriers_on(day_of(now, self.utc_offset_ms), now)

    def couriers_on(self, day: int, now: Millis) -> dict[CourierId, Work]:
        """Everybody's work on that day, with what is going on counted until now."""
        found = {x: _copy(work) for x, work in self.days.get(day, {}).items()}
        began = Millis(day * DAY - self.utc_offset_ms)
        ended = Millis(min(now, began + DAY))
        for courier, worker in self.workers.items():
            for name, since in (
                ("on_duty_ms", worker.on_duty_since),
                ("busy_ms", worker.busy_since),
            ):
                if since != NEVER and ended > began:
                    work = found.setdefault(courier, Work())
                    lasted = max(0, ended - max(since, began))
                    setattr(work, name, getattr(work, name) + lasted)
        return found

    # events

    def shift_started(self, _: Millis, x: e.ShiftStarted) -> None:
        self._worker(x.courier).on_shift = True

    def shift_ended(self, _: Millis, x: e.ShiftEnded) -> None:
        self._worker(x.courier).on_shift = False

    def look(self, at: Millis, courier: CourierId, carrying: Carrying) -> None:
        """After anything that begins or ends somebody's duty, or his work."""
        worker = self._worker(courier)
        busy = courier in carrying.of
        on_duty = worker.on_shift or busy
        was_busy, was_on_duty = worker.busy_since != NEVER, worker.on_duty_since != NEVER
        if busy == was_busy and on_duty == was_on_duty:
            return
        _integrate(self.hours, self.until, at, self.on_duty, self.busy)
        self.until = at
        self.on_duty += on_duty - was_on_duty
        self.busy += busy - was_busy
        if was_on_duty and not on_duty:
            self._lasted("on_duty_ms", courier, worker.on_duty_since, at)
            worker.on_duty_since = NEVER
        elif on_duty and not was_on_duty:
            worker.on_duty_since = at
        if was_busy and not busy:
            self._lasted("busy_ms", courier, worker.busy_since, at)
            worker.busy_since = NEVER
        elif busy and not was_busy:
            worker.busy_since = at

    def picked_up(self, at: Millis, x: e.DeliveryPickedUp, clocks: Clocks) -> None:
        clock = clocks.get(x.order)
        if clock is None or clock.picked_up_at < e.happened_at(x, at):
            return  # a rescue: not at a store
        worker = self._worker(x.courier)
        new = worker.visiting != clock.store
        worker.visiting = clock.store
        for work in self._works(at, x.courier):
            work.fetched += 1
            work.bundles += new

    def arrived(self, _: Millis, x: e.CourierArrived, clocks: Clocks) -> None:
        clock = clocks.of_delivery(x.delivery)
        worker = self._worker(x.courier)
        if clock is None or worker.visiting != clock.store or clock.picked_up_at != NEVER:
            worker.visiting = None

    def completed(self, at: Millis, x: e.DeliveryCompleted) -> None:
        self._worker(x.courier).visiting = None
        for work in self._works(at, x.courier):
            work.delivered += 1

    def posted(self, at: Millis, x: e.LedgerPosted) -> None:
        for posting in x.postings:
            kind, _, courier = posting.account.partition(":")
            if kind == "courier" and posting.amount_minor < 0:
                for work in self._works(at, CourierId(courier)):
                    work.earned_minor -= posting.amount_minor

    # internals

    def _worker(self, courier: CourierId) -> Worker:
        worker = self.workers.get(courier)
        if worker is None:
            worker = self.workers[courier] = Worker()
        return worker

    def _works(self, at: Millis, courier: CourierId) -> tuple[Work, Work, Work]:
        hour, day = row_at(self.hours, at, Work), self._day(day_of(at, self.utc_offset_ms), courier)
        return hour, day, self._worker(courier).total

    def _day(self, day: int, courier: CourierId) -> Work:
        of_day = self.days.get(day)
        if of_day is None:
            of_day = self.days[day] = {}
            for old in [x for x in self.days if x <= day - DAYS_KEPT]:
                del self.days[old]
        work = of_day.get(courier)
        if work is None:
            work = of_day[courier] = Work()
        return work

    def _lasted(self, name: str, courier: CourierId, since: Millis, at: Millis) -> None:
        """Split at midnight; of what is too old only the total is kept."""
        total = self._worker(courier).total
        setattr(total, name, getattr(total, name) + at - since)
        last = day_of(at, self.utc_offset_ms)
        day = max(day_of(since, self.utc_offset_ms), last - DAYS_KEPT + 1)
        while day <= last:
            began = day * DAY - self.utc_offset_ms
            lasted = min(at, began + DAY) - max(since, began)
            if lasted > 0:
                work = self._day(day, courier)
                setattr(work, name, getattr(work, name) + lasted)
            day += 1


def gini_permille(values: Iterable[int]) -> int:
    """How unequal: 0 if everybody has the same, near 1000 if one has it all.

    C. Gini, Variabilità e mutabilità (1912), as half the relative mean difference.
    """
    ordered = sorted(values)
    n, total = len(ordered), sum(ordered)
    if not total:
        return 0
    weighted = sum(rank * x for rank, x in enumerate(ordered, 1))
    return PERMILLE * (2 * weighted - (n + 1) * total) // (n * total)


def _integrate(hours: dict[Hour, Work], since: Millis, at: Millis, on_duty: int, busy: int) -> None:
    """So many people for so long, in the hours it was."""
    if not on_duty:
        return
    since = Millis(max(since, at - KEPT_H * HOUR))
    while since < at:
        until = Millis(min(at, since - since % HOUR + HOUR))
        work = row_at(hours, since, Work)
        work.on_duty_ms += on_duty * (until - since)
        work.busy_ms += busy * (until - since)
        since = until


def _copy(work: Work) -> Work:
    copied = Work()
    copied.add(work)
    return copied
