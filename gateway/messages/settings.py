"""The engine's tunable parameters, as operators see and set them."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Asked

Millis = Annotated[int, Meta(ge=0, le=7 * 24 * 3_600_000)]
LongMillis = Annotated[int, Meta(ge=0, le=10**9)]  # more than eleven days
Minor = Annotated[int, Meta(ge=0, le=10**9)]
Units = Annotated[int, Meta(ge=0, le=1_000_000)]


class TravelSettings(Asked, frozen=True):
    """Door-to-door speeds in mm/s, and streets over straight line in permille."""

    walk_mm_s: Annotated[int, Meta(ge=1, le=100_000)]
    bicycle_mm_s: Annotated[int, Meta(ge=1, le=100_000)]
    scooter_mm_s: Annotated[int, Meta(ge=1, le=100_000)]
    car_mm_s: Annotated[int, Meta(ge=1, le=100_000)]
    detour_permille: Annotated[int, Meta(ge=1_000, le=10_000)]


class SettingsInForce(Asked, frozen=True):
    """The engine's tunable parameters: milliseconds, minor units, meters."""

    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    planning_interval_ms: Millis
    planning_heartbeat_ms: Millis
    planning_timeout_ms: Millis
    release_ahead_ms: Millis
    offer_timeout_ms: Millis
    payment_timeout_ms: Millis
    acceptance_timeout_ms: Millis
    quote_life_ms: Millis
    delivery_radius_m: Units
    handling_ms: Millis
    promise_buffer_ms: Millis
    promise_min_ms: Millis
    promise_max_ms: Millis
    open_deliveries_per_courier: Units
    load_max: Units
    delivery_fee_minor: Minor
    delivery_fee_per_km_minor: Minor
    courier_fee_minor: Minor
    courier_fee_per_km_minor: Minor
    proof_tries_max: Units
    collection_life_ms: Millis
    no_show_fee_permille: Annotated[int, Meta(ge=0, le=1_000)]
    window_min_ms: Millis
    schedule_ahead_ms: Millis
    slot_ms: Annotated[int, Meta(ge=60_000, le=24 * 3_600_000)]
    slot_orders_max: Units
    delivery_attempts_max: Units
    substitute_timeout_ms: Millis
    archive_after_ms: LongMillis
    after_sales_ms: LongMillis
    preview_life_ms: Millis
    return_life_ms: LongMillis
    return_fee_minor: Minor
    refund_alone_max_minor: Minor
    travel: TravelSettings
    near_ms: Millis = 120_000
    near_m: Units = 80
    fence_radius_m: Annotated[int, Meta(ge=1, le=10_000)] = 50
    fence_margin_m: Annotated[int, Meta(ge=0, le=10_000)] = 30
    dwell_ms: Millis = 60_000
    late_step_ms: Annotated[int, Meta(ge=60_000, le=24 * 3_600_000)] = 300_000
    stale_ms: Annotated[int, Meta(ge=1_000, le=24 * 3_600_000)] = 120_000
    link_life_ms: Millis = 3_600_000
    lost_ms: Annotated[int, Meta(ge=1_000, le=24 * 3_600_000)] = 900_000
    promise_kept_permille: Annotated[int, Meta(ge=0, le=999)] = 900  # 0, or 500 at least
    rescue_later_max_ms: Millis = 2_700_000
    utc_offset_min: Annotated[int, Meta(ge=-840, le=840)] = 0  # of local time; east is positive
    unpaid_orders_max: Units = 10  # of one customer; 0: any number
    measures_rides: bool = True  # travel times follow the rides as they are measured
    shift_max_ms: Annotated[int, Meta(ge=60_000, le=10**9)] = 86_400_000  # of a courier
    courier_search_ms: Millis = 7_200_000  # beyond the promise; then it is cancelled; 0: never
