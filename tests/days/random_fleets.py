"""What partners' dispatchers say at random of their own couriers, and of others'."""

from collections.abc import Iterator

from engine import commands as c
from engine.values import DAY, HOUR, MINUTE
from geo.travel import Vehicle

FLEETS = ("", "acme", "zoom")
NAMES = ("acme:a", "acme:b", "zoom:a", "kim", "sun")


def makers(day) -> Iterator[tuple[float, object]]:
    rng = day.rng

    def whose(courier: str) -> str:
        """Mostly his own fleet's dispatcher."""
        fleet, _, name = courier.partition(":")
        return (fleet if name else "") if rng.random() < 0.7 else rng.choice(FLEETS)

    def roster() -> c.AnyCommand:
        courier = rng.choice(NAMES)
        planned = day.engine.state.shifts.of(courier)
        if planned and rng.random() < 0.3:
            return c.DropShift(courier, day._one(planned), whose(courier))
        starts_at = day.at + rng.choice((-HOUR, 0, HOUR, 4 * HOUR, 500 * DAY))
        ends_at = starts_at + rng.choice((MINUTE, HOUR, 3 * HOUR))
        shift = rng.choice(("a", "b", "c"))
        return c.PlanShift(courier, shift, starts_at, ends_at, whose(courier))

    def joins() -> list[c.AnyCommand]:
        courier = rng.choice(NAMES[:3])
        signs_up = c.RegisterCourier(courier, rng.choice(list(Vehicle)), 12, fleet=whose(courier))
        return [signs_up, c.StartShift(courier, day.at + HOUR)]

    def leaves() -> c.AnyCommand:
        courier = rng.choice(NAMES)
        if rng.random() < 0.7:
            return c.EndShift(courier, "sent home", whose(courier))
        return c.ReportBreakdown(courier, "accident", whose(courier))

    def wheels() -> c.AnyCommand:
        courier = rng.choice(NAMES)
        return c.ChangeCourier(courier, rng.choice(list(Vehicle)), 9, fleet=whose(courier))

    yield 1, roster
    yield 0.6, joins
    yield 0.4, leaves
    yield 0.4, wheels
