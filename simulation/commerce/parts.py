"""What a scenario may say of commerce besides delivery. Whatever is not said does not happen.

Hours count from the first customer, unless they are of the clock.
"""

from typing import Annotated

from msgspec import Meta

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

ClockHour = Annotated[float, Meta(ge=0, le=24)]
Permille = Annotated[int, Meta(ge=1, le=1_000)]
SOON = Varying(median=5, p90=15)


class Shoppers(Part, frozen=True, kw_only=True):
    """What customers do besides ordering to their door as soon as possible. Shares of visits."""

    collects: Share = 0.0  # comes for the goods
    never_comes: Share = 0.0  # of those
    comes_after_min: Varying = SOON  # from being ready
    schedules: Share = 0.0  # wants it later, within a window
    window_after_min: Positive = 90.0  # so long from now it begins
    window_min: Positive = 60.0  # and so long it lasts
    pays_cash: Share = 0.0  # at the door
    tips: Share = 0.0  # with the order
    tips_after: Share = 0.0  # for a delivery that was in time
    tip_minor: Pieces = 300
    uses_coupon: Share = 0.0  # if there is one
    buys_bundle: Share = 0.0  # if the store has one
    follows_suggestion: Share = 0.0  # takes the best of what is suggested, too
    allows_marketing: Share = 0.0  # of the customers
    allows_personalization: Share = 0.0
    withdraws_consent: Share = 0.0  # after an order: of marketing
    rates: Share = 0.0
    complains: Share = 0.0
    gives_back: Share = 0.0  # a piece of it
    has_it_fetched: Share = 0.0  # of those: a courier comes for it; the others bring it
    wants_redelivery: Share = 0.0  # of those who were not there
    # If a store turns out not to have all of it; who wishes for none of these goes without.
    names_another: Share = 0.0  # of the same category
    takes_it_elsewhere: Share = 0.0  # all of it from another store
    rather_nothing: Share = 0.0


class Shops(Part, frozen=True, kw_only=True):
    """How every store is run."""

    opens: ClockHour = 0.0  # local time, every day
    closes: ClockHour = 24.0
    pickers: Count = 0  # of each of two shifts; 0: no roster is kept
    cashiers: Count = 0
    late_min: Positive = 4.0  # on average, all but the first to come
    break_min: NotNegative = 0.0
    receipts_per_h: NotNegative = 0.0  # of each store's till
    receipt_lines: Varying = Varying(median=2, p90=5)
    brought_back: Share = 0.0  # receipts of which a piece comes back
    counts_at_h: NotNegative = 0.0
    counted: Count = 0  # shelves of each store
    shrinkage: Share = 0.0  # of the pieces on a counted shelf: they are not there
    reorder_point: Count = 0
    reorder_target: Count = 0  # 0: nobody orders anything by itself
    arrives_after_min: Varying = Varying(median=60, p90=120)  # goods that were ordered


class Promotion(Part, frozen=True, kw_only=True):
    """Off the goods of an order, for everybody or for who has a coupon."""

    name: Name
    permille_off: Permille
    order_min_minor: Count = 0
    categories: list[Name] = []  # none: everything
    by_coupon: bool = False
    coupon: str = ""  # a code for everybody


class Bundle(Part, frozen=True, kw_only=True):
    """Sold by every store that sells all of its parts."""

    id: Name
    name: Name
    category: Name
    parts: Annotated[dict[Name, Pieces], Meta(min_length=1)]
    price_minor: Pieces


class PriceChange(Part, frozen=True, kw_only=True):
    """Announced in the morning, for one category in every store."""

    category: Name
    at_h: Positive
    times: Positive  # the usual price


class Campaign(Part, frozen=True, kw_only=True):
    """A coupon for those of some segments who allow it, but for those held out."""

    name: Name
    promotion: Name
    segments: Annotated[list[Name], Meta(min_length=1)]
    at_h: NotNegative
    lasts_h: Positive
    held_out: Annotated[float, Meta(ge=0, le=0.5)] = 0.1


class Provider(Part, frozen=True, kw_only=True):
    """One more that customers may pay with; it answers as the bank does."""

    name: Name
    share: Share


class Bill(Part, frozen=True, kw_only=True):
    """What each provider says in the evening it has moved; some of it is wrong, on purpose."""

    at_h: Positive
    missing: Count = 0  # lines that are not there
    invented: Count = 0  # lines about nothing of ours
    wrong_amount: Count = 0
    wrong_state: Count = 0  # says that nothing moved
    fee_permille: Count = 0


class Commerce(Part, frozen=True, kw_only=True):
    shoppers: Shoppers = Shoppers()
    shops: Shops = Shops()
    promotions: list[Promotion] = []
    bundles: list[Bundle] = []
    price_changes: list[PriceChange] = []
    campaigns: list[Campaign] = []
    providers: list[Provider] = []
    bill: Bill | None = None
    answers_min: Varying = SOON  # the office, to who complains
    refunds: Share = 0.0  # complaints that end with money
