"""Tunable parameters. Decisions depend on them, so they are recorded in the journal."""

from msgspec import Struct, field

from engine.values import DAY, HOUR, MINUTE, SECOND
from geo.travel import TravelModel

Thresholds = tuple[int, int, int, int]  # for the scores 5, 4, 3 and 2


class Segmentation(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the scores of recency, frequency and money spent begin; what fits none scores 1."""

    recency_days: Thresholds = (7, 14, 30, 60)  # at most, since the last purchase; ascending
    purchases: Thresholds = (20, 10, 5, 2)  # at least, ever; descending
    spent_minor: Thresholds = (200_000, 80_000, 30_000, 10_000)  # at least, ever; descending


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Times in milliseconds, money in minor units of `currency`, distances in meters."""

    currency: str = "CNY"

    # planning
    planning_interval_ms: int = 2 * SECOND  # at least this long between two planning rounds
    planning_heartbeat_ms: int = 15 * SECOND  # while something waits for a courier
    planning_timeout_ms: int = 5 * SECOND  # a silent solver costs one round
    release_ahead_ms: int = 60 * SECOND  # offer a trip this long before it has to begin
    offer_timeout_ms: int = 40 * SECOND  # 0: couriers are told, not asked

    # waiting for others
    payment_timeout_ms: int = 2 * MINUTE
    acceptance_timeout_ms: int = 5 * MINUTE
    courier_search_ms: int = 2 * HOUR  # beyond the promise; then it is cancelled. 0: never

    # the promise
    quote_life_ms: int = 5 * MINUTE
    delivery_radius_m: int = 6_000
    handling_ms: int = 2 * MINUTE  # at the store and at the door, each
    promise_buffer_ms: int = 6 * MINUTE
    promise_min_ms: int = 15 * MINUTE
    promise_max_ms: int = 90 * MINUTE  # beyond: no capacity now
    open_deliveries_per_courier: int = 6
    load_max: int = 12  # of one order: what a courier of the smallest vehicle carries

    # prices
    delivery_fee_minor: int = 300
    delivery_fee_per_km_minor: int = 100
    courier_fee_minor: int = 400  # per delivery
    courier_fee_per_km_minor: int = 100

    # what is proven by a code, and what is fetched by the customer
    proof_tries_max: int = 5  # wrong codes, before a new one has to be set
    collection_life_ms: int = 2 * HOUR  # from ready, or from the promise if that is later
    no_show_fee_permille: int = 200  # of what is owed, by whoever does not come
    delivery_attempts_max: int = 2  # of one order, the first included
    substitute_timeout_ms: int = 3 * MINUTE  # for the answer, while the store waits with the bag

    rescue_later_max_ms: int = 45 * MINUTE  # than promised, if all of it comes from elsewhere

    # what is long over
    archive_after_ms: int = 2 * HOUR  # from when an order ended

    # what goes back
    after_sales_ms: int = 7 * DAY  # from when an order was fulfilled
    preview_life_ms: int = 15 * MINUTE
    return_life_ms: int = 7 * DAY  # from the agreement to the goods
    return_fee_minor: int = 500  # for fetching what is just not wanted
    refund_alone_max_minor: int = 20_000  # of one order; beyond, a second person has to agree

    # what is wanted later
    window_min_ms: int = 30 * MINUTE
    schedule_ahead_ms: int = 72 * HOUR  # payment providers hold money for about a week
    slot_ms: int = 30 * MINUTE
    slot_orders_max: int = 20  # of one store, in windows that begin in the same slot

    # what one customer may keep from all others without paying; 0: any number of orders
    unpaid_orders_max: int = 10

    # local time: weekly hours are said in it; minutes east of UTC, to be changed with the clocks
    utc_offset_min: int = 0

    # where couriers are
    near_ms: int = 2 * MINUTE  # this long before a stop, or
    near_m: int = 80  # this close to it, it is told that somebody is coming
    fence_radius_m: int = 50  # around a stop: who is within has arrived
    fence_margin_m: int = 30  # and has not left until he is beyond this, too
    dwell_ms: int = MINUTE  # within, and has not said so
    late_step_ms: int = 5 * MINUTE  # of predicted delay, before it is told, and told again
    stale_ms: int = 2 * MINUTE  # without a position: a courier's place is only a guess
    link_life_ms: int = HOUR  # of a customer's link, after the order has ended
    lost_ms: int = 15 * MINUTE  # without a position: nothing new is given to him

    # how often a promise is to be kept, which is learned; 0: the formula is not corrected
    promise_kept_permille: int = 900

    # whether travel times follow the rides as they are measured
    measures_rides: bool = True

    # how long a courier's shift may be, and a pause within it
    shift_max_ms: int = 24 * HOUR

    # travel times, the same for promises, plans and simulated couriers
    travel: TravelModel = field(default_factory=TravelModel)
