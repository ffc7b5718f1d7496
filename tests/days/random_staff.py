"""What is said at random about when stores are open, who works there, and on which wheels."""

from collections.abc import Iterator

from engine import commands as c
from engine.rules.areas import CORNERS_MAX
from engine.terms import Hours, SpecialDay
from engine.values import DAY, HOUR, MINUTE, Break, Job
from geo.points import Point
from geo.travel import Vehicle
from tests.spaces import polygon

STORES, STAFF = ("s0", "s1"), ("eve", "bob", "mia")
EVERYWHERE = [Point(0, 0), Point(0, 1_700_000_000), Point(890_000_000, 1_000_000_000)]
JAGGED = [Point(x, 1_000 + x % 2) for x in range(CORNERS_MAX)]  # has more corners than may be
AREAS = (
    None,
    None,
    polygon(EVERYWHERE),
    polygon([*JAGGED, Point(CORNERS_MAX, 0)]),
    polygon([Point(0, 0), Point(0, 9), Point(9, 9)]),
)


def makers(day) -> Iterator[tuple[float, object]]:
    rng = day.rng

    def duty() -> c.AnyCommand:
        store, starts_at = day._any(STORES), day.at + rng.choice((0, HOUR, 5 * HOUR, -HOUR))
        ends_at = starts_at + rng.choice((4 * HOUR, HOUR, 17 * HOUR))
        key = day._one(day.engine.state.staff.duties)
        return rng.choice(
            (
                c.DraftDuty(store, day._new("d"), day._any(STAFF), Job.PICKER, starts_at, ends_at),
                c.DropDuty(store, key),
                c.PublishRoster("s1"),  # so that s0 stays as it was
            )
        )

    def attendance() -> list[c.AnyCommand]:
        """The next thing, mostly; and somebody picks, whoever leaves."""
        staff, store, who = day.engine.state.staff, day._any(STORES), day._any(STAFF)
        said = [c.ClockIn(store, who, rng.choice(list(Job))), c.ClockOut(store, who)]
        key = staff.open_timecard(who)
        if key is not None:
            place = staff[key].store
            said += [c.StartBreak(place, who, rng.random() < 0.5), c.ClockOut(place, who)]
            said += [c.EndBreak(place, who)] * 2
        said = rng.choice([*said, c.StartBreak(store, who, True)])
        return [said, c.ClockIn("s1", "pat", Job.PICKER)]  # somebody picks, whoever leaves

    def paper() -> c.AnyCommand:
        began = day.at - rng.choice((10, 30, 90, 300)) * MINUTE
        ended = began + rng.choice((5, 20, 60)) * MINUTE
        store, cards = day._any(STORES), day.engine.state.staff.timecards
        if rng.random() < 0.5:
            breaks = [Break(began, began + MINUTE, True)] * rng.randrange(3)
            job = rng.choice(list(Job))
            return c.RecordTimecard(store, day._any(STAFF), job, began, ended, breaks, "forgot")
        key = day._one(cards)
        store = cards[key].store if key in cards else store
        return c.CorrectTimecard(store, key, began, ended, "was longer")

    def hours() -> c.AnyCommand:
        """Open again soon: a night is long, and a random day is short."""
        store, soon = day._any(STORES), day.at + rng.choice((-1, 20_000, 60_000))
        minute = day.at // MINUTE % (24 * 60)
        today = SpecialDay(day.at // DAY, rng.choice(([], [Hours(minute + 1, minute + 90)])))
        return rng.choice(
            (
                c.PauseStore(store, soon, "busy"),
                c.SetBusyMode(store, rng.choice((500, 1_000, 2_000, 99_999)), soon),
                c.SetBusyMode(store, 1_000),
                c.SetDeliveryArea(store, rng.choice(AREAS)),
                c.SetStoreHours(store, [], [today] if rng.random() < 0.2 else []),
            )
        )

    def wheels() -> c.AnyCommand | list[c.AnyCommand]:
        """Another vehicle, mostly of a courier with nothing to do, who goes on at once."""
        s = day.engine.state
        free = [x for x in s.couriers.couriers if not s.deliveries.route(x).stops]
        courier = rng.choice(free) if free else "nobody"
        change = c.ChangeCourier(courier, rng.choice(list(Vehicle)), rng.choice((0, 9, 12, 12)))
        if rng.random() < 0.3:
            return change
        return [c.EndShift(courier, "new wheels"), change, c.StartShift(courier, day.at + 3 * HOUR)]

    yield 1.5, hours
    yield 0.7, wheels
    yield 1, duty
    yield 2, attendance
    yield 1, paper
