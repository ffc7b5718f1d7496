"""Promotions against the orders that used them: limits, uses, and what was taken off."""

from collections import Counter
from collections.abc import Iterator

from engine.rules.lines import cost, goods_total
from engine.state import State
from engine.state.orders import ENDED, Order, OrderStatus

OPEN, DONE = "reserved", "redeemed"


def violations(s: State) -> Iterator[str]:
    used: Counter[tuple[str, str, str]] = Counter()
    for key, order in s.orders.everything():
        yield from (f"{key}: {x}" for x in _order_problems(order))
        state = OPEN if order.status not in ENDED else DONE
        if state is OPEN or order.status is OrderStatus.FULFILLED:
            for discount in order.placed.discounts:
                used["promotion", discount.promotion, state] += 1
                used["coupon", discount.coupon, state] += 1
    for promotion, known in s.promotions.promotions.items():
        yield from _count_problems(used, "promotion", promotion, known.uses.reserved, OPEN)
        yield from _count_problems(used, "promotion", promotion, known.uses.redeemed, DONE)
    for code, coupon in s.promotions.coupons.items():
        yield from _count_problems(used, "coupon", code, coupon.uses.reserved, OPEN)
        yield from _count_problems(used, "coupon", code, coupon.uses.redeemed, DONE)
        if coupon.limit and coupon.uses.count > coupon.limit:
            yield f"coupon {code} is used {coupon.uses.count} times of {coupon.limit}"
        most = max(coupon.uses.of.values(), default=0)
        if coupon.limit_per_customer and most > coupon.limit_per_customer:
            yield f"coupon {code} is used {most} times by one of {coupon.limit_per_customer}"
        if sum(coupon.uses.of.values()) != coupon.uses.count:
            yield f"coupon {code}: the uses by customer do not sum to {coupon.uses.count}"


def _count_problems(
    used: Counter[tuple[str, str, str]], what: str, key: str, counted: int, state: str
) -> Iterator[str]:
    if counted != used[what, key, state]:
        yield f"{what} {key}: {counted} {state}, {used[what, key, state]} by the orders"


def _order_problems(order: Order) -> Iterator[str]:
    """What is owed is what the lines cost and the fee; discounts are within the prices."""
    placed = order.placed
    for lines, owed in ((placed.lines, placed.total_minor), (order.lines, order.due_minor)):
        due = goods_total(lines) + placed.delivery_fee_minor
        if owed != due and lines:
            yield f"{owed} owed, {due} by its lines and fee"
        for x in lines:
            if x.components and sum(y.share_minor for y in x.components) != cost(x):
                yield f"the parts of {x.product} do not cost what it costs"
            if not 0 <= x.subsidy_minor <= x.discount_minor <= x.quantity * x.price_minor:
                yield f"{x.product} is reduced by {x.discount_minor}, {x.subsidy_minor} of it ours"
    by_line = sum(x.discount_minor for x in placed.lines)
    by_promotion = sum(x.goods_minor for x in placed.discounts)
    if by_line != by_promotion:
        yield f"{by_line} off its lines, {by_promotion} off by promotions"
    ours = sum(x.goods_minor for x in placed.discounts if not x.bearer)
    if ours != sum(x.subsidy_minor for x in placed.lines):
        yield f"the platform bears {ours}, which is not what its lines say"
