"""What a day's records say about the people outside: how long they took, how often they said no.

Every duration is in seconds and belongs to whoever took it. What was cut off (a customer who left
before we know how long she would have waited) is kept apart as a bound: (at least, was it seen).
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate

from engine.values import CourierId, CustomerId, Line, Millis, ProductId, StoreId
from geo.points import Point
from geo.travel import Vehicle

NEVER = Millis(0)
Shift = tuple[Millis, Millis]  # from, and until when as announced
Bound = tuple[float, bool]  # a value, or (False) only that it would have been larger


@dataclass(slots=True)
class Visit:
    """Somebody asked what it would cost."""

    at: Millis
    customer: CustomerId
    store: StoreId
    home: Point
    lines: list[Line]
    promised_ms: int | None = None  # what the quote said; None if there was none
    refusal: str = ""
    placed_at: Millis | None = None
    came_back: bool = False  # a second time, after "no capacity now"


@dataclass(slots=True)
class StoreDay:
    """What one store did."""

    name: str
    location: Point
    orders: int = 0  # it was asked about
    answers_s: list[float] = field(default_factory=list)
    rejects: int = 0
    silent: int = 0
    kitchen: list[tuple[Millis, Millis]] = field(default_factory=list)  # accepted, ready
    told_s: list[float] = field(default_factory=list)  # at acceptance, of what it would take
    late: int = 0  # orders ready later than first told
    told_when_late: int = 0
    missing: int = 0
    handovers_s: list[float] = field(default_factory=list)
    returns: int = 0
    unsellable: int = 0
    till_pieces: int = 0
    shelf: int = 0  # pieces of one product there were at most
    receipts: dict[ProductId, list[Millis]] = field(default_factory=dict)


@dataclass(slots=True)
class CourierDay:
    """What one courier did."""

    vehicle: Vehicle
    capacity: int
    shifts: list[Shift] = field(default_factory=list)  # each time he came: when, and until when
    left_early: bool = False
    legs_s: list[tuple[float, float]] = field(default_factory=list)  # planned, taken
    answers_s: list[float] = field(default_factory=list)
    declines: int = 0
    silent: int = 0
    doors_s: list[float] = field(default_factory=list)
    breakdowns: int = 0
    breaks: int = 0
    worked_ms: int = 0
    skills: tuple[str, ...] = ()

    @property
    def pace(self) -> float:
        """How fast beside the travel model: half of the planned way was ridden faster than this.

        A weighted median, for a way may have a break-down in it, or end before its door.
        """
        ways = sorted((planned / taken, planned) for planned, taken in self.legs_s)
        ridden = list(accumulate(planned for _, planned in ways))
        return ways[bisect_left(ridden, ridden[-1] / 2)][0]


@dataclass(slots=True)
class BankDay:
    """What the payment provider did."""

    orders: Counter[str] = field(default_factory=Counter)  # by provider; cash is nobody's answer
    answers_s: list[float] = field(default_factory=list)
    asked: int = 0
    declines: int = 0
    silent: int = 0
    instructions: int = 0
    failed: int = 0

    @property
    def name(self) -> str:
        """Who is paid through most; of several, the first."""
        return self.orders.most_common(1)[0][0] if self.orders else "bank"


@dataclass(slots=True)
class ProductDay:
    name: str
    category: str
    load: int
    price_minor: int = 0  # the first anywhere
    pieces: int = 0  # ordered
    skills: tuple[str, ...] = ()  # that whoever carries it has to have
    age_check: bool = False


@dataclass(slots=True)
class Observed:
    """A day, by who did it."""

    starts_at: Millis = NEVER  # the first and the last visit
    ends_at: Millis = NEVER
    closes_at: Millis = NEVER  # the last record
    visits: list[Visit] = field(default_factory=list)
    stores: dict[StoreId, StoreDay] = field(default_factory=dict)
    sells: dict[StoreId, Counter[ProductId]] = field(default_factory=dict)
    couriers: dict[CourierId, CourierDay] = field(default_factory=dict)
    products: dict[ProductId, ProductDay] = field(default_factory=dict)
    bank: BankDay = field(default_factory=BankDay)
    patience_min: list[Bound] = field(default_factory=list)  # after the promise
    doors: int = 0
    absent: int = 0
    refused: int = 0
    placed: int = 0
    with_pin: int = 0
    changed_mind: int = 0
    to_door_s: list[float] = field(default_factory=list)  # from placing to the door
    on_time: int = 0  # of those
    promised: int = 0  # of those, with a promise that is known

    @property
    def hours(self) -> float:
        """From the first visit to the end of everything."""
        return max(self.closes_at - self.starts_at, 1) / 3_600_000
