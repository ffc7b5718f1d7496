"""What a cart costs after promotions. Integers; what is taken off in all is the sum of its parts.

A percentage is taken once, of a sum, and rounded down. Where an amount is spread over lines, each
gets its share in proportion to what it costs, and the units left over go to the largest fractions
(largest remainder; ties to the earlier line): no line falls below zero, nothing is lost.
"""

from msgspec import Struct
from msgspec.structs import replace

from engine.rules.hours import is_within
from engine.terms import (
    PLATFORM,
    Action,
    ActionKind,
    Conditions,
    Discount,
    PromotionTerms,
    Selection,
)
from engine.values import (
    CategoryId,
    CouponId,
    Millis,
    Minor,
    PricedLine,
    ProductId,
    PromotionId,
    StoreId,
)

WHOLE = 1_000  # permille
K = ActionKind


class Cart(Struct, frozen=True):
    """What is to be bought, by whom, and when: all that a promotion may ask about."""

    store: StoreId
    lines: list[PricedLine]  # a product each, without discounts
    categories: list[list[CategoryId]]  # of each line: its category and all above it
    fee_minor: Minor
    at: Millis
    utc_offset_min: int = 0
    first_order: bool = False
    segments: list[str] = []


class Candidate(Struct, frozen=True):
    """A promotion that may apply; `coupon`, if that is why."""

    promotion: PromotionId
    terms: PromotionTerms
    coupon: CouponId = CouponId("")


class Bargain(Struct, frozen=True):
    """`unmet` says of each coupon without effect which condition kept it from applying."""

    lines: list[PricedLine]
    fee_minor: Minor
    discounts: list[Discount]
    unmet: dict[CouponId, str]


def bargain(cart: Cart, candidates: list[Candidate]) -> Bargain:
    """Every promotion that holds and stacks, in order; see PromotionTerms."""
    left = [x.quantity * x.price_minor for x in cart.lines]
    subsidies = [0] * len(left)
    fee, alone = cart.fee_minor, False
    discounts: list[Discount] = []
    unmet: dict[CouponId, str] = {}
    for x in sorted(candidates, key=lambda x: (x.terms.priority, x.promotion)):
        missing = unmet_condition(x.terms, cart)
        if not missing and (alone or (discounts and x.terms.exclusive)):
            missing = "exclusive"
        goods, fee_off = ([], 0) if missing else _reductions(x.terms, cart, left, fee)
        if not sum(goods) + fee_off:
            unmet[x.coupon] = missing or "nothing_to_reduce"
            continue
        left = [whole - off for whole, off in zip(left, goods, strict=True)]
        if x.terms.bearer == PLATFORM:
            subsidies = [sum(pair) for pair in zip(subsidies, goods, strict=True)]
        fee, alone = Minor(fee - fee_off), x.terms.exclusive
        off = Minor(sum(goods)), Minor(fee_off)
        discounts.append(Discount(x.promotion, *off, x.terms.bearer, x.coupon))
    lines = [
        replace(x, discount_minor=x.quantity * x.price_minor - due, subsidy_minor=subsidy)
        for x, due, subsidy in zip(cart.lines, left, subsidies, strict=True)
    ]
    unmet.pop(CouponId(""), None)
    return Bargain(lines, fee, discounts, unmet)


def unmet_condition(terms: PromotionTerms, cart: Cart) -> str:
    """The first condition that does not hold, by name; empty if all do."""
    c = terms.conditions
    goods = sum(x.quantity * x.price_minor for x in cart.lines)
    checks = (
        ("stores", cart.store in (c.stores or [cart.store])),
        ("stores", terms.bearer in (PLATFORM, cart.store)),
        ("from_at", c.from_at <= cart.at),
        ("until_at", not c.until_at or cart.at < c.until_at),
        ("hours", is_within(c.hours, cart.at, cart.utc_offset_min)),
        ("order_min", c.order_min_minor <= goods),
        ("contains", sum(_pieces(c.contains, cart)) >= max(1, c.pieces_min)),
        ("first_order", cart.first_order or not c.first_order),
        ("segments", not c.segments or any(x in c.segments for x in cart.segments)),
    )
    return next((name for name, holds in checks if not holds), "")


def shares(amount: int, weights: list[int]) -> list[int]:
    """`amount` spread in proportion to `weights`; 0 <= amount <= their sum, and no share above
    its weight. The shares sum to the amount."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [divmod(amount * weight, whole) for weight in weights]
    found = [share for share, _ in parts]
    by_fraction = sorted(range(len(parts)), key=lambda n: -parts[n][1])
    for n in by_fraction[: amount - sum(found)]:
        found[n] += 1
    return found


# what an action takes off


def _reductions(
    terms: PromotionTerms, cart: Cart, left: list[int], fee: int
) -> tuple[list[int], int]:
    """Off each line, and off the fee."""
    off, fee_off = [0] * len(left), 0
    for action in terms.actions:
        rest = [whole - less for whole, less in zip(left, off, strict=True)]
        if action.kind is K.FREE_DELIVERY:
            fee_off = max(fee_off, min(fee, action.limit_minor or fee))
            continue
        goods = _off_goods(action, terms.conditions, cart, rest)
        if action.limit_minor and sum(goods) > action.limit_minor:
            goods = shares(action.limit_minor, goods)
        off = [sum(pair) for pair in zip(off, goods, strict=True)]
    return off, fee_off


def _off_goods(action: Action, asked: Conditions, cart: Cart, left: list[int]) -> list[int]:
    pieces = _pieces(action.targets, cart)
    targeted = [due if count else 0 for due, count in zip(left, pieces, strict=True)]
    match action.kind:
        case K.PERCENT:
            return shares(sum(targeted) * action.permille // WHOLE, targeted)
        case K.AMOUNT:
            return shares(min(action.amount_minor, sum(targeted)), targeted)
        case K.AMOUNT_EACH:
            each = action.amount_minor
            return [min(due, count * each) for due, count in zip(targeted, pieces, strict=True)]
        case K.X_FOR_Y:
            free = sum(pieces) // action.buy * (action.buy - action.pay)
            return _prices(_cheapest(free, pieces, cart), cart, left)
        case _:
            reduced = _rewarded(action, _pieces(asked.contains, cart), pieces, cart)
            due = _prices(reduced, cart, left)
            return shares(sum(due) * action.permille // WHOLE, due)


def _rewarded(action: Action, bought: list[int], targets: list[int], cart: Cart) -> list[int]:
    """Pieces of each line to be reduced: the cheapest, as many as the rest of what was bought
    entitles to. A piece counts as bought or as reduced, not as both."""
    least, most = 0, sum(targets)
    while least < most:  # by bisection: the more are reduced, the fewer are left as bought
        count = (least + most + 1) // 2
        reduced = _cheapest(count, targets, cart)
        kept = sum(b - min(b, r) for b, r in zip(bought, reduced, strict=True))
        if kept >= action.buy * -(-count // action.get):
            least = count
        else:
            most = count - 1
    return _cheapest(least, targets, cart)


def _cheapest(count: int, pieces: list[int], cart: Cart) -> list[int]:
    """How many of each line, if `count` of these pieces are taken, cheapest first."""
    taken = [0] * len(pieces)
    for n in sorted(range(len(pieces)), key=lambda n: cart.lines[n].price_minor):
        taken[n] = min(count, pieces[n])
        count -= taken[n]
    return taken


def _prices(pieces: list[int], cart: Cart, left: list[int]) -> list[int]:
    """What so many of each line cost, as far as that much is left of it."""
    prices = [x.price_minor for x in cart.lines]
    return [min(n * p, due) for n, p, due in zip(pieces, prices, left, strict=True)]


def _pieces(selection: Selection, cart: Cart) -> list[int]:
    """Of each line, how many are selected: all or none."""
    return [
        x.quantity if _is_selected(selection, x.product, categories) else 0
        for x, categories in zip(cart.lines, cart.categories, strict=True)
    ]


def _is_selected(selection: Selection, product: ProductId, categories: list[CategoryId]) -> bool:
    if not selection.products and not selection.categories:
        return True
    return product in selection.products or any(x in selection.categories for x in categories)
