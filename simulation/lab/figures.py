"""What a run is judged by: figures of its scorecard, with their units and the words for more."""

from collections.abc import Callable

from msgspec import Struct

from simulation.scorecard import Scorecard

Of = Callable[[Scorecard], float | None]  # None: there was nothing to measure


class Figure(Struct, frozen=True):
    """One number of a run. `margin` is how little of it nobody would notice, in its unit; 0: a
    share of the baseline's mean, which the comparison names."""

    key: str
    title: str
    unit: str
    digits: int
    of: Of
    less: str = ""  # "delivers {} sooner"
    more: str = ""
    same: str = ""
    margin: float = 0.0
    less_is_better: bool = True
    best: str = ""  # whoever has the best of it is the ...


def _costs(card: Scorecard) -> float:
    return (card.fleet.cost_minor + card.fleet.hourly_cost_minor) / 100


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


# The figures a verdict is about, all of them: how many there are is part of the price of asking.
HEADLINES = (
    Figure(
        "click_to_door_min",
        "click to door",
        "min",
        1,
        lambda x: x.service.click_to_door.mean_s / 60,
        "delivers {} minutes sooner",
        "delivers {} minutes later",
        "delivers no sooner or later",
        best="Soonest at the door",
    ),
    Figure(
        "late_percent",
        "late",
        "%",
        1,
        lambda x: 100 * (1 - x.service.on_time_share),
        "is late {} points less often",
        "is late {} points more often",
        "is late as often",
        margin=0.5,
        best="Least often late",
    ),
    Figure(
        "served_percent",
        "served, of those who come",
        "%",
        1,
        lambda x: 100 * x.orders.delivered / max(1, x.orders.customers),
        "serves {} points fewer of those who come",
        "serves {} points more of those who come",
        "serves as many",
        margin=0.5,
        less_is_better=False,
        best="Serves most",
    ),
    Figure(
        "cost_per_order",
        "cost per order",
        "{currency}",
        2,
        lambda x: _costs(x) / max(1, x.orders.delivered),
        "costs {} {currency} less per order",
        "costs {} {currency} more per order",
        "costs the same per order",
        best="Cheapest",
    ),
    Figure(
        "co2e_g_per_order",
        "CO2e per order",
        "g",
        1,
        lambda x: 1_000 * x.fleet.co2e_kg / max(1, x.orders.delivered),
        "emits {} g CO2e less per order",
        "emits {} g CO2e more per order",
        "emits as much CO2e per order",
        best="Emits least",
    ),
)

NET_KEY, SOLD_KEY = "fees_less_couriers", "stores_earned"

# Described, not tested.
OTHERS = (
    Figure(
        NET_KEY,
        "delivery fees less couriers, a day",
        "{currency}",
        0,
        lambda x: x.fleet.delivery_fees_minor / 100 - _costs(x),
    ),
    Figure(
        SOLD_KEY,
        "stores earn, a day",
        "{currency}",
        0,
        lambda x: x.orders.stores_earned_minor / 100,
    ),
    Figure(
        "fee_per_order",
        "delivery fee per order",
        "{currency}",
        2,
        lambda x: x.fleet.delivery_fees_minor / 100 / max(1, x.orders.delivered),
    ),
    Figure("orders", "orders placed", "", 0, lambda x: x.orders.placed),
    Figure("delivered", "delivered", "", 0, lambda x: x.orders.delivered),
    Figure("cancelled", "cancelled", "", 1, lambda x: sum(x.orders.cancelled.values())),
    Figure("lost", "left without ordering", "", 1, lambda x: sum(x.orders.lost.values())),
    Figure(
        "click_to_door_p90_min",
        "click to door, nine of ten",
        "min",
        1,
        lambda x: x.service.click_to_door.p90_s / 60,
    ),
    Figure(
        "ready_to_pickup_min",
        "ready to pickup",
        "min",
        1,
        lambda x: x.service.ready_to_pickup.mean_s / 60,
    ),
    Figure(
        "by_expected_percent",
        "there by the time half should be",
        "%",
        1,
        lambda x: _percent(x.service.by_expected_share),
    ),
    Figure("utilization_percent", "utilization", "%", 1, lambda x: 100 * x.fleet.utilization),
    Figure(
        "deliveries_per_h", "deliveries per courier hour", "", 2, lambda x: x.fleet.deliveries_per_h
    ),
    Figure("km_per_order", "ridden per order", "km", 2, lambda x: x.fleet.km_per_delivery),
    Figure("moved_per_h", "orders moved by plans", "an hour", 1, lambda x: x.stability.moved_per_h),
    Figure(
        "offer_flips_per_h", "offer flips", "an hour", 2, lambda x: x.stability.offer_flips_per_h
    ),
    Figure("eta_flips_per_h", "ETA flips", "an hour", 1, lambda x: x.stability.eta_flips_per_h),
    Figure("ride_time_ratio", "ride time / planned", "", 3, lambda x: x.fleet.ride_time_ratio),
)
FIGURES = (*HEADLINES, *OTHERS)
BY_KEY = {x.key: x for x in FIGURES}


def values(card: Scorecard) -> dict[str, float]:
    """All figures of a run, by key; without those that there was nothing to measure of."""
    found = ((x.key, x.of(card)) for x in FIGURES)
    return {key: float(value) for key, value in found if value is not None}
