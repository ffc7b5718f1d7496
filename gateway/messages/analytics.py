"""Figures of the last hours: what `get_analytics`, `get_store_analytics`, `get_heat_map` hear.

Hours are UTC; the last one is going on. Everything is counted when it happened.
"""

from gateway.messages.values import Money, Part, Told, Vehicle


class SalesFigures(Part, frozen=True):
    """`charged` = `goods` + `fees`, of the fulfilled, after `discounts` off the goods.

    The store's own till is beside it: `till` by its `receipts`, less `till_refunded`.
    """

    placed: int
    fulfilled: int
    cancelled: int
    returned: int  # or lost on the way
    goods: Money
    fees: Money
    charged: Money
    discounts: Money
    till_units: int
    receipts: int
    till: Money
    till_refunded: Money
    average: Money | None = None  # charged for one order


class PromiseFigures(Part, frozen=True):
    """Of deliveries, by the promise at the door; of collections, by when they were ready. To
    `expected` of those delivered the time was told by which half come, and `by_expected` did."""

    delivered: int
    on_time: int
    collected: int
    ready_on_time: int
    expected: int = 0
    by_expected: int = 0


class HourFigures(Part, frozen=True):
    """Of a store, or of the whole city: only there are quotes and couriers told by the hour."""

    at: str  # when the hour began
    sales: SalesFigures
    promises: PromiseFigures
    asked: int = 0  # quotes
    refused: int = 0  # of them
    on_duty_s: int = 0  # of couriers
    busy_s: int = 0


class StoreFigures(Part, frozen=True):
    store: str
    name: str
    sales: SalesFigures
    promises: PromiseFigures


class SoldFigures(Part, frozen=True):
    """One category or product."""

    name: str
    units: int
    goods: Money


class FunnelFigures(Part, frozen=True):
    """How many got how far; `refusals` by "Command/reason", most first."""

    asked: int
    offered: int
    placed: int
    paid: int
    accepted: int
    handed_over: int
    fulfilled: int
    refusals: dict[str, int]


class ClockFigures(Part, frozen=True):
    """One duration of the delivery clock. Percentiles are whole quarter minutes, rounded up."""

    name: str
    count: int
    mean_s: int
    p50_s: int
    p90_s: int


class FleetFigures(Part, frozen=True):
    """Couriers' time and work. `gini_permille`: how unequal they earned per hour on duty today."""

    on_duty_s: int
    busy_s: int
    delivered: int
    fetched: int
    bundles: int  # visits to stores that fetched them
    earned: Money
    busy_permille: int | None = None
    delivered_per_hour: float | None = None
    bundles_per_hour: float | None = None
    gini_permille: int | None = None


class VehicleFigures(Part, frozen=True):
    """Between reported positions. `order_co2e_g`: of the orders delivered; the rest rode empty,
    or for orders not yet delivered."""

    vehicle: Vehicle
    ridden_m: int
    carrying_m: int
    co2e_g: float
    delivered: int
    order_co2e_g: float
    factor_g_per_km: int


class ChurnFigures(Part, frozen=True):
    """How steady the plan was, as couriers feel it."""

    offers: int
    accepted: int
    routes: int  # planned anew
    moved: int  # deliveries a plan gave to another courier
    withdrawn: dict[str, int]  # by reason
    skipped: dict[str, int]  # routes of a plan that no longer held, by reason


class Analytics(Told, frozen=True):
    """`categories` are of orders, `till_categories` of receipts; `products` of both, the ten that
    sold for most since midnight UTC. `books`: debits less credits by kind of account, in minor
    units of `currency`."""

    since: str
    until: str
    currency: str
    sales: SalesFigures
    promises: PromiseFigures
    hours: list[HourFigures]
    stores: list[StoreFigures]
    categories: list[SoldFigures]
    till_categories: list[SoldFigures]
    products: list[SoldFigures]
    early_ends: dict[str, int]  # by "actor/reason"
    books: dict[str, int]
    funnel: FunnelFigures
    clock: list[ClockFigures]
    fleet: FleetFigures
    vehicles: list[VehicleFigures]
    churn: ChurnFigures
    co2e_source: str
    till_tenders: dict[str, int] = {}  # of receipts, by how they were paid, in minor units


class StoreAnalytics(Told, frozen=True):
    since: str
    until: str
    sales: SalesFigures
    promises: PromiseFigures
    hours: list[HourFigures]


class CoverageHour(Part, frozen=True):
    store: str
    at: str  # when the hour began
    promises: PromiseFigures


class Coverage(Told, frozen=True):
    """How often what stores' customers were told came true, hour by hour: of `delivered`, `on_time`
    are to be `wanted_permille`; of `expected`, `by_expected` are to be half. `next`, if there are
    more stores: pass it as `after`."""

    since: str
    until: str
    wanted_permille: int
    hours: list[CoverageHour]
    next: str | None = None


class HeatCell(Part, frozen=True):
    """An H3 cell; its corners as (lat, lon), counterclockwise, not closed."""

    cell: str
    outline: list[tuple[float, float]]
    offered: int
    refused: int
    placed: int


class HeatMap(Told, frozen=True):
    """Cells where anybody asked for a delivery. Collections are not in it."""

    since: str
    until: str
    resolution: int
    cells: list[HeatCell]
