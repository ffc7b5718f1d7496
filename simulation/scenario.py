"""What a scenario may say: the whole outside world as data. Units are in the names.

Shares are between 0 and 1 and default to 0: unless told, nothing goes wrong. The same types
drive the simulation in-process and the simulated clients of the live demo.
"""

from datetime import datetime
from functools import lru_cache
from typing import Annotated

from msgspec import Meta, Struct, field

from engine.settings import Settings
from engine.values import HOUR, SECOND, Millis
from geo.travel import Vehicle
from simulation.elementary import exp, ln
from simulation.streams import Draws

NORMAL_P90 = 1.2815515655446004  # the quantile of the standard normal distribution

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]
Pieces = Annotated[int, Meta(ge=1)]
Name = Annotated[str, Meta(min_length=1)]


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a scenario file. Keys nobody knows are refused."""


class LogNormal(Part, frozen=True, kw_only=True):
    """Something that varies and is never negative: half are below `median`, a tenth above `p90`."""

    median: Positive
    p90: Positive

    def __post_init__(self) -> None:
        if self.p90 < self.median:
            raise ValueError("p90 must not be below the median")

    def draw(self, draws: Draws) -> float:
        """One value. Draws even when nothing varies, to stay in step."""
        return self.median * exp(_deviation(self.median, self.p90) * draws.normal())

    def draw_ms(self, draws: Draws) -> int:
        """One value in milliseconds, if the distribution is in seconds."""
        return int(self.draw(draws) * SECOND)


class City(Part, frozen=True, kw_only=True):
    """Where it happens: a disc. Coordinates in degrees, WGS-84."""

    lat: Annotated[float, Meta(ge=-65, le=65)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    radius_m: Annotated[float, Meta(gt=0, le=50_000)]
    stores_within: Annotated[float, Meta(gt=0, le=1)] = 0.8  # of the radius: stores sit centrally


class Demand(Part, frozen=True, kw_only=True):
    """Who wants what, when, and how long they wait for it."""

    orders: Positive  # customers who come, on average; not all of them end up ordering
    profile: Annotated[list[NotNegative], Meta(min_length=1)]  # intensity of equal parts of it all
    customers: Pieces  # how many people live there; they come back
    reach_m: Positive  # a store so far away is half as attractive as one next door
    lines: LogNormal  # different products in a basket
    two_of_it: Share = 0.0  # lines with a quantity of two
    thinking_s: LogNormal  # from the quote to the order
    longest_promise_min: LogNormal  # a later promise is not accepted
    comes_back: Share = 0.0  # tries once more after "no capacity now"
    changes_mind: Share = 0.0  # cancels soon after ordering
    tolerance_min: LogNormal  # so long after the promise: cancels, if the goods have not left
    absent: Share = 0.0  # nobody opens the door
    refuses: Share = 0.0  # does not want it any more
    wants_pin: Share = 0.0  # hands over only against a PIN


class Product(Part, frozen=True, kw_only=True):
    """Sold by every store that sells its category, at one price."""

    id: Name
    name: Name
    category: Name
    price_minor: Pieces
    load: Pieces = 1  # units of a courier's capacity
    popularity: Positive = 1.0


class StoreGroup(Part, frozen=True, kw_only=True):
    """So many stores of a kind: each prepares with `cooks`, first come, first served."""

    name: Name
    count: Count
    sells: Annotated[list[Name], Meta(min_length=1)]  # categories
    attraction: Positive = 1.0
    cooks: Pieces = 4  # orders in preparation at once
    preparation_s: LogNormal  # one cook, one order
    answers_s: LogNormal  # from the confirmed order to the store's answer
    handover_s: LogNormal  # at the counter, once courier and goods are there
    optimism: Share = 0.0  # says so much less than it expects
    rejects: Share = 0.0
    silent: Share = 0.0  # never answers
    tells_when_late: Share = 1.0  # otherwise couriers find out at the counter
    missing: Share = 0.0  # orders with a piece that is not on the shelf
    pauses_at_orders: Count = 0  # in the kitchen: closes until half are done; 0 = never
    stock: Pieces = 1_000  # pieces of each product in the morning, and after a delivery
    restocks_every_h: Positive = 24.0
    walk_ins_per_h: NotNegative = 0.0  # pieces sold at the till
    unsellable_returns: Share = 0.0


class CourierGroup(Part, frozen=True, kw_only=True):
    """So many couriers of a kind, on the same shift give or take `stagger_min`."""

    name: Name
    count: Count
    vehicle: Vehicle
    capacity: Pieces
    from_h: NotNegative = 0.0  # after the first customer
    to_h: float
    stagger_min: NotNegative = 0.0  # starts up to so much later
    pace: LogNormal  # of each courier, relative to the engine's travel model
    answers_s: LogNormal  # to an offer
    declines: Share = 0.0  # offers
    silent: Share = 0.0  # lets the offer lapse
    leaves_early: Share = 0.0  # couriers who go offline at some moment of their shift
    door_s: LogNormal  # from the arrival to the handed-over goods
    breakdown_every_h: NotNegative = 0.0  # of work, on average; 0 = never
    repair_min: Positive = 45.0


class Bank(Part, frozen=True, kw_only=True):
    """The payment provider, behind a network that loses, delays and repeats."""

    name: Name = "bank"
    answers_s: LogNormal
    declines: Share = 0.0
    silent: Share = 0.0  # the customer never finishes paying
    late: Share = 0.0  # the answer comes `late_min` later, when it may not be wanted any more
    late_min: Positive = 5.0
    repeats: Share = 0.0  # the same notice twice
    fails: Share = 0.0  # captures, voids and refunds it cannot carry out


class Planner(Part, frozen=True, kw_only=True):
    """Who plans: a solver by name, with a budget in iterations so that runs can be repeated."""

    policy: Name = "insertion"
    iterations: Count = 0
    thinking_ms: Count = 800  # from the question to the answer
    repositions: bool = False  # sends couriers with nothing to do where orders are expected


class Operator(Part, frozen=True, kw_only=True):
    """The people in the office: they look now and then, and end what nothing else would."""

    looks_every_s: Positive = 60.0
    gives_up_after_min: Positive = 180.0  # on an order no courier has taken by then
    calls_back: Pieces = 2  # couriers, when something waits and nobody is on shift
    overtime_min: Positive = 60.0


class Scenario(Part, frozen=True, kw_only=True):
    """A day, or a part of it."""

    name: Name
    teaches: Name  # what there is to see, in a paragraph
    starts_at: datetime  # the first customer may come; with a time zone
    hours: Positive  # customers come for so long; then the run goes on until all orders ended
    city: City
    demand: Demand
    products: list[Product]
    stores: list[StoreGroup]
    couriers: list[CourierGroup]
    bank: Bank
    planner: Planner = field(default_factory=Planner)
    operator: Operator = field(default_factory=Operator)
    engine: Settings = field(default_factory=Settings)
    positions_every_s: Positive = 30.0

    @property
    def starts_ms(self) -> Millis:
        return Millis(round(self.starts_at.timestamp() * SECOND))

    @property
    def ends_ms(self) -> Millis:
        """When the last customer may come."""
        return Millis(self.starts_ms + round(self.hours * HOUR))


@lru_cache(maxsize=1_024)
def _deviation(median: float, p90: float) -> float:
    return ln(p90 / median) / NORMAL_P90
