"""What customers, shopkeepers and the office do when it is their turn: draws, and nothing else.

As `simulation/people/conduct.py`, for all that happens besides deliveries: each question is
answered from a stream named after what it is about, in-process and over a socket alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.values import HOUR, MINUTE, Job, Millis, ReturnWay, Tender
from simulation.commerce.parts import Commerce, PriceChange, Shoppers, Shops
from simulation.days.city import StoreSite
from simulation.scenarios.scenario import Product
from simulation.streams import Draws, RandomStreams

# customers, after the goods

THINKS_MIN, WAY_MIN = 20.0, 30.0  # on average
A_STAR_MIN = 10  # so late costs one more star
MOODY, DISLIKED = 0.15, 0.08  # one star less; two: it was not what was expected
PRAISE, BLAME = ("fresh", "well_packed"), ("stale", "badly_packed")
COMPLAINTS = ("missing_items", "quality", "damaged")
RETURNS = ("unwanted", "defective", "wrong_item")


class Act(StrEnum):
    """What somebody may do about an order that was fulfilled."""

    TIP = "tip"
    RATE = "rate"
    COMPLAIN = "complain"
    GIVE_BACK = "give_back"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Thought:
    """So long after the goods; `draws` are for how it is done."""

    act: Act
    after_ms: int
    draws: Draws


@dataclass(frozen=True, slots=True)
class Rating:
    """`likes` what was bought, or does not."""

    stars: int
    courier_stars: int
    tag: str
    likes: bool


@dataclass(frozen=True, slots=True)
class GivenBack:
    reason: str
    way: ReturnWay


def thoughts(streams: RandomStreams, habits: Shoppers, order: str) -> Iterator[Thought]:
    """What the customer of that order does. A stream for each: one habit changes no other."""
    for act, share in (
        (Act.TIP, habits.tips_after),
        (Act.RATE, habits.rates),
        (Act.COMPLAIN, habits.complains),
        (Act.GIVE_BACK, habits.gives_back),
        (Act.WITHDRAW, habits.withdraws_consent),
    ):
        draws = streams.named("aftercare", act, order)
        after_ms = delay_ms(THINKS_MIN, draws)
        if draws.chance(share):
            yield Thought(act, after_ms, draws)


def rating(late_ms: int, draws: Draws) -> Rating:
    """Of an order that came so late, or early. Always as many draws."""
    late = max(0, late_ms // MINUTE)
    courier_stars = max(1, 5 + (-late // A_STAR_MIN) - draws.chance(MOODY))
    disliked = draws.chance(DISLIKED)
    stars = max(1, courier_stars - 2 * disliked)
    about = PRAISE if stars > 3 else BLAME
    return Rating(stars, courier_stars, about[draws.below(len(about))], stars > 3)


def complaint(late_ms: int, draws: Draws) -> str:
    """The reason: whoever waited says so."""
    reason = COMPLAINTS[draws.below(len(COMPLAINTS))]
    return "late" if late_ms > 0 else reason


def given_back(habits: Shoppers, is_collection: bool, draws: Draws) -> GivenBack:
    """Why, and who brings it: nobody knows the door of somebody who collects."""
    reason = RETURNS[draws.below(len(RETURNS))]
    fetched = draws.chance(habits.has_it_fetched) and not is_collection
    return GivenBack(reason, ReturnWay.COURIER if fetched else ReturnWay.STORE)


def brings_back_ms(streams: RandomStreams, change: str) -> int:
    """The way to the store, with what is given back."""
    return delay_ms(WAY_MIN, streams.named("bring back", change))


def is_fit(reason: str) -> bool:
    """Whether what comes back for that reason can be sold again."""
    return reason != "defective"


def asks_again(streams: RandomStreams, habits: Shoppers, order: str) -> bool:
    """Somebody was not there, and is now."""
    return streams.named("redelivery", order).chance(habits.wants_redelivery)


# the office

LOOKS_OVER_MIN, TAKES_CASH_MIN = 5, 10


def answers_ms(streams: RandomStreams, commerce: Commerce, complaint: str) -> int:
    return round(commerce.answers_min.draw(streams.named("answer", complaint)) * MINUTE)


def compensation_minor(
    streams: RandomStreams, commerce: Commerce, complaint: str, due_minor: int, left_minor: int
) -> int:
    """Half of what was paid, as far as it can be given back; or good words, 0."""
    refunds = streams.named("compensation", complaint).chance(commerce.refunds)
    return max(0, min(left_minor, due_minor // 2)) if refunds else 0


# stores

HOUR_MIN, DAY_MIN, DAYS = 60, 24 * 60, 7
TENDERS = (Tender.CASH, Tender.CARD, Tender.WALLET)
PACKS_MIN = 15  # a transfer is put together, a purchase written
CLOSING_MS = HOUR  # after the last customer, for those who come to fetch theirs
OVERLAP_MS = 15 * MINUTE  # the early shift waits for the late one
BREAK_AFTER_MS, BREAK_APART_MS = 2 * HOUR, 40 * MINUTE  # one after the other, never all at once
LONG_MS = 5 * HOUR  # only shifts as long as that have a break


@dataclass(frozen=True, slots=True)
class Duty:
    """One person's shift, and what comes of it. All but the first of a store come a little late.

    Times are milliseconds after the first customer; without a break, `rests_at` is None.
    """

    staff: str
    job: Job
    starts_at: int
    ends_at: int
    comes_at: int
    rests_at: int | None
    back_at: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Pieces by product. `back_after_ms`: one of the first product comes back then, or never."""

    lines: dict[str, int]
    tender: Tender
    back_after_ms: int | None


def keeps_hours(shops: Shops) -> bool:
    return (shops.opens, shops.closes) != (0.0, 24.0)


def duties(streams: RandomStreams, shops: Shops, store: str, length_ms: int) -> list[Duty]:
    """An early shift and a late one, for a day of customers of that length."""
    ends = length_ms + CLOSING_MS
    middle = ends // 2
    jobs = [Job.PICKER] * shops.pickers + [Job.CASHIER] * shops.cashiers
    return [
        _duty(streams, shops, f"{store}-{name}-{n}", n, job, *times)
        for name, *times in (("early", 0, middle + OVERLAP_MS), ("late", middle, ends))
        for n, job in enumerate(jobs)
    ]


def _duty(
    streams: RandomStreams, shops: Shops, staff: str, n: int, job: Job, starts: int, ends: int
) -> Duty:
    draws = streams.named("attendance", staff)
    late_ms = round(draws.exponential(shops.late_min) * MINUTE) if n else 0
    has_break = ends - starts >= LONG_MS and shops.break_min
    rests_at = starts + BREAK_AFTER_MS + n * BREAK_APART_MS if has_break else None
    back_at = (rests_at or starts) + round(shops.break_min * MINUTE)
    return Duty(staff, job, starts, ends, starts + min(late_ms, OVERLAP_MS), rests_at, back_at)


def next_receipt_ms(shops: Shops, draws: Draws) -> int:
    return round(draws.exponential(HOUR / shops.receipts_per_h))


def receipt(site: StoreSite, shops: Shops, draws: Draws) -> Receipt:
    """What one customer at the till takes. Always as many draws after the lines."""
    lines = dict[str, int]()
    for _ in range(max(1, round(shops.receipt_lines.draw(draws)))):
        product = site.products[draws.pick(site.popularity)].id
        lines[product] = lines.get(product, 0) + 1
    tender, lot = TENDERS[draws.below(len(TENDERS))], draws.random()
    after_ms = round(draws.exponential(HOUR))
    return Receipt(lines, tender, after_ms if lot < shops.brought_back else None)


def counted(streams: RandomStreams, shops: Shops, store: str, on_hand: Sequence[int]) -> list[int]:
    """What is found on shelves that should have so many: some pieces are not there."""
    draws = streams.named("count", store)
    return [sum(not draws.chance(shops.shrinkage) for _ in range(n)) for n in on_hand]


def arrives_ms(streams: RandomStreams, shops: Shops, *name: str) -> int:
    """Goods that were ordered, or sent."""
    return round(shops.arrives_after_min.draw(streams.named("arrival", *name)) * MINUTE)


def changed_minor(product: Product, change: PriceChange) -> int | None:
    """The price announced for it; None: it keeps its own."""
    if product.category != change.category:
        return None
    return max(1, round(product.price_minor * change.times))


def delay_ms(mean_min: float, draws: Draws) -> int:
    return round(draws.exponential(mean_min) * MINUTE)


def after(starts_ms: int, hours: float) -> Millis:
    return Millis(starts_ms + round(hours * HOUR))
