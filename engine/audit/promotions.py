"""Promotions against the orders that used them: limits, uses, and what was taken off."""

from collections import Counter
from collections.abc import Iterator

from engine.events import OrderPlaced
from engine.rules.lines import cost, goods_total
from engine.state import State
from engine.state.orders import ENDED, Order, OrderStatus
from engine.values import OrderId

OPEN, DONE = "reserved", "redeemed"
Uses = Counter[tuple[str, str, str]]  # by the orders: what, which, and whether it is over


def count(used: Uses, order: Order) -> None:
    """Of an order that may still be, or is, fulfilled."""
    state = OPEN if order.status not in ENDED else DONE
    if state is OPEN or order.status is OrderStatus.FULFILLED:
        for discount in order.placed.discounts:
            used["promotion", discount.promotion, state] += 1
            used["coupon", discount.coupon, state] += 1


def violations(s: State, used: Uses) -> Iterator[str]:
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


def order_problems(key: OrderId, order: Order) -> Iterator[str]:
    """What is owed is what the lines cost and the fee; discounts are within the prices."""
    for problem in (*_sum_problems(order), *_discount_problems(order.placed)):
        yield f"{key}: {problem}"


def _count_problems(used: Uses, what: str, key: str, counted: int, state: str) -> Iterator[str]:
    if counted != used[what, key, state]:
        yield f"{what} {key}: {counted} {state}, {used[what, key, state]} by the orders"


def _sum_problems(order: Order) -> Iterator[str]:
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


def _discount_problems(placed: OrderPlaced) -> Iterator[str]:
    by_line = by_promotion = ours_by_line = ours = 0
    for line in placed.lines:
        by_line += line.discount_minor
        ours_by_line += line.subsidy_minor
    for discount in placed.discounts:
        by_promotion += discount.goods_minor
        ours += 0 if discount.bearer else discount.goods_minor
    if by_line != by_promotion:
        yield f"{by_line} off its lines, {by_promotion} off by promotions"
    if ours != ours_by_line:
        yield f"the platform bears {ours}, which is not what its lines say"
