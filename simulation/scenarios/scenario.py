"""What a scenario may say: the whole outside world as data. Units are in the names.

Shares are between 0 and 1 and default to 0: unless told, nothing goes wrong. The same types
drive the simulation in-process and the simulated clients of the live demo.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, field

from engine.settings import Settings
from engine.values import HOUR, SECOND, Millis
from geo.travel import Vehicle
from simulation.commerce.parts import Commerce
from simulation.scenarios.areas import Area
from simulation.scenarios.episodes import AnyEpisode
from simulation.scenarios.quantities import (
    Count,
    Name,
    NotNegative,
    Part,
    Pieces,
    Positive,
    Share,
    Varying,
)
from simulation.scenarios.recorded import CsvFiles, Recorded


class City(Part, frozen=True, kw_only=True):
    """Where it happens: a disc. Coordinates in degrees, WGS-84."""

    lat: Annotated[float, Meta(ge=-65, le=65)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    radius_m: Annotated[float, Meta(gt=0, le=50_000)]
    stores_within: Annotated[float, Meta(gt=0, le=1)] = 0.8  # of the radius: stores sit centrally
    streets: str = ""  # a file that `o2o streets` made: couriers ride on them
    streets_told: bool = True  # and the engine plans and promises by them


class Demand(Part, frozen=True, kw_only=True):
    """Who wants what, when, and how long they wait for it."""

    orders: Positive  # customers who come, on average; not all of them end up ordering
    profile: Annotated[list[NotNegative], Meta(min_length=1)]  # intensity of equal parts of it all
    customers: Pieces  # how many people live there; they come back
    reach_m: Positive  # a store so far away is half as attractive as one next door
    lines: Varying  # different products in a basket
    two_of_it: Share = 0.0  # lines with a quantity of two
    thinking_s: Varying  # from the quote to the order
    longest_promise_min: Varying  # a later promise is not accepted
    comes_back: Share = 0.0  # tries once more after "no capacity now"
    changes_mind: Share = 0.0  # cancels soon after ordering
    tolerance_min: Varying  # so long after the promise: cancels, if the goods have not left
    absent: Share = 0.0  # nobody opens the door
    refuses: Share = 0.0  # does not want it any more
    wants_pin: Share = 0.0  # hands over only against a PIN
    pairing: Share = 0.0  # lines that are what goes with the line before
    tastes: NotNegative = 0.0  # how far people differ in what they like; 0 = they do not
    most_fee_minor: Varying | None = None  # a dearer delivery is not accepted; None: any is


class Zone(Part, frozen=True, kw_only=True):
    """A part of the city where customers live: so much of the demand, at its own hours."""

    name: Name
    where: Area
    weight: Positive = 1.0  # of the sum of all zones' weights
    profile: list[NotNegative] = []  # the demand's, unless told


class Product(Part, frozen=True, kw_only=True):
    """Sold by every store that sells its category, at one price."""

    id: Name
    name: Name
    category: Name
    price_minor: Pieces
    load: Pieces = 1  # units of a courier's capacity
    popularity: Positive = 1.0
    goes_with: list[Name] = []  # products that are wanted with it
    skills: list[Name] = []  # only couriers who have all of them may carry it
    age_check: bool = False  # whoever hands it over looks at an age first


class StoreGroup(Part, frozen=True, kw_only=True):
    """So many stores of a kind: each prepares with `cooks`, first come, first served."""

    name: Name
    count: Count
    sells: Annotated[list[Name], Meta(min_length=1)]  # categories
    where: Area | None = None  # anywhere near the middle, unless told
    attraction: Positive = 1.0
    cooks: Pieces = 4  # orders in preparation at once
    preparation_s: Varying  # one cook, one order
    answers_s: Varying  # from the confirmed order to the store's answer
    handover_s: Varying  # at the counter, once courier and goods are there
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


FleetName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{0,32}\Z")]


class CourierGroup(Part, frozen=True, kw_only=True):
    """So many couriers of a kind, on the same shift give or take `stagger_min`."""

    name: Name
    count: Count
    vehicle: Vehicle
    capacity: Pieces
    where: Area | None = None  # where they start; anywhere, unless told
    from_h: NotNegative = 0.0  # after the first customer
    to_h: float
    stagger_min: NotNegative = 0.0  # starts up to so much later
    pace: Varying  # of each courier, relative to the engine's travel model
    answers_s: Varying  # to an offer
    declines: Share = 0.0  # offers
    silent: Share = 0.0  # lets the offer lapse
    leaves_early: Share = 0.0  # couriers who go offline at some moment of their shift
    door_s: Varying  # from the arrival to the handed-over goods
    breakdown_every_h: NotNegative = 0.0  # of work, on average; 0 = never
    repair_min: Positive = 45.0
    break_every_h: NotNegative = 0.0  # of work, give or take a quarter; 0 = never
    break_min: Positive = 20.0
    hourly_minor: Count = 0  # for the time on shift, besides what deliveries are paid
    gps_noise_m: NotNegative = 0.0  # standard deviation of a fix, north and east each
    skills: list[Name] = []  # which some goods ask for
    fleet: FleetName = ""  # a partner's; else the house's own

    def id_of(self, name: str) -> str:
        """What a courier of this name is called: a fleet's by its name, too."""
        return f"{self.fleet}:{name}" if self.fleet else name


class Bank(Part, frozen=True, kw_only=True):
    """The payment provider, behind a network that loses, delays and repeats."""

    name: Name = "bank"
    answers_s: Varying
    declines: Share = 0.0
    silent: Share = 0.0  # the customer never finishes paying
    late: Share = 0.0  # the answer comes `late_min` later, when it may not be wanted any more
    late_min: Positive = 5.0
    repeats: Share = 0.0  # the same notice twice
    fails: Share = 0.0  # captures, voids and refunds it cannot carry out


class Weighing(Part, frozen=True, kw_only=True):
    """What a plan's faults cost, in seconds of riding: `solvers.problem.Weights`."""

    lateness_per_s: NotNegative = 10.0
    freshness_per_s: NotNegative = 0.2  # from ready to the door
    travel_per_s: NotNegative = 1.0
    courier_time_per_s: NotNegative = 0.0
    co2e_per_g: NotNegative = 0.0
    disruption_per_stop: NotNegative = 0.0  # a published stop that moves to another courier
    unserved: NotNegative = 7_200.0
    ready_caution: Share = 0.0  # 0 plans with the median ready time, 1 with its p90


class Planner(Part, frozen=True, kw_only=True):
    """Who plans: a solver by name, with a budget in iterations so that runs can be repeated."""

    policy: Name = "insertion"
    iterations: Count = 0
    thinking_ms: Count = 800  # from the question to the answer
    repositions: bool = False  # sends couriers with nothing to do where orders are expected
    weights: Weighing = Weighing()
    co2e_minor_per_kg: NotNegative = 0.0  # a shadow price: what plans may spend to emit less
    holds: bool = False  # lets trips wait at their store for orders likely to share the ride
    moves_per_h: Count | None = None  # a budget: orders that plans may give to another courier


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
    zones: list[Zone] = []  # none: customers live everywhere alike
    episodes: list[AnyEpisode] = []
    csv: CsvFiles | None = None  # somebody's own day: orders, stores and couriers from files
    recorded: Recorded | None = None  # what was read from them
    commerce: Commerce | None = None  # what happens besides deliveries

    @property
    def starts_ms(self) -> Millis:
        return Millis(round(self.starts_at.timestamp() * SECOND))

    @property
    def ends_ms(self) -> Millis:
        """When the last customer may come."""
        return Millis(self.starts_ms + round(self.hours * HOUR))
