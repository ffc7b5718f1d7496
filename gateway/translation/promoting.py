"""What operators and stores ask for to sell for less, as commands; and how it is told."""

from engine import commands as c
from engine import terms as t
from engine import values as v
from engine.commands import ExternalCommand
from engine.state.promotions import Coupon, Promotion
from gateway import messages as m
from gateway.codes import Refusal
from gateway.tokens import Identity
from gateway.translation.table import Table, store_of
from gateway.translation.weeks import hours_told, weekly
from gateway.wire import millis, minor, money, time_told


def _define(b: m.DefinePromotion, who: Identity, currency: str) -> ExternalCommand:
    bearer = v.StoreId(b.terms.bearer or store_of(who))
    if who.role == "store" and bearer != who.subject:
        raise Refusal("malformed", "a store bears its own promotions", {"field": "terms.bearer"})
    terms = t.PromotionTerms(
        b.terms.name,
        _conditions(b.terms.conditions, currency),
        [_action(x, currency) for x in b.terms.actions],
        bearer,
        b.terms.by_coupon,
        b.terms.exclusive,
        b.terms.priority,
        b.terms.limit,
        b.terms.limit_per_customer,
    )
    return c.DefinePromotion(v.PromotionId(b.promotion), terms)


def _conditions(b: m.Conditions, currency: str) -> t.Conditions:
    return t.Conditions(
        _amount(b.order_min, currency, "terms.conditions.order_min"),
        _selection(b.contains),
        b.pieces_min,
        b.first_order,
        b.segments,
        [v.StoreId(x) for x in b.stores],
        _time(b.from_at, "terms.conditions.from_at"),
        _time(b.until_at, "terms.conditions.until_at"),
        weekly(b.hours),
    )


def _action(b: m.Action, currency: str) -> t.Action:
    return t.Action(
        t.ActionKind(b.kind),
        b.permille,
        _amount(b.amount, currency, "terms.actions.amount"),
        _amount(b.limit_amount, currency, "terms.actions.limit_amount"),
        _selection(b.targets),
        b.buy,
        b.pay,
        b.get,
    )


def _selection(b: m.Selection) -> t.Selection:
    products = [v.ProductId(x) for x in b.products]
    return t.Selection(products, [v.CategoryId(x) for x in b.categories])


def _issue(b: m.IssueCoupons, who: Identity, _: str) -> ExternalCommand:
    return c.IssueCoupons(
        v.CouponId(b.coupon),
        v.PromotionId(b.promotion),
        [v.CustomerId(x) for x in b.customers],
        b.limit,
        b.limit_per_customer,
        _time(b.from_at, "from_at"),
        _time(b.until_at, "until_at"),
        store_of(who),
    )


def _amount(b: m.Money | None, currency: str, field: str) -> v.Minor:
    return v.Minor(0) if b is None else minor(b, currency, field)


def _time(b: str | None, field: str) -> v.Millis:
    return v.Millis(0) if b is None else millis(b, field)


COMMAND_OF: Table = {
    m.DefinePromotion: _define,
    m.EndPromotion: lambda b, who, _: c.EndPromotion(b.promotion, store_of(who)),
    m.IssueCoupons: _issue,
    m.WithdrawCoupon: lambda b, who, _: c.WithdrawCoupon(b.coupon, store_of(who)),
}


# replies


def promotion_told(key: str, known: Promotion, currency: str) -> m.Promotion:
    terms, uses = known.terms, known.uses
    told = m.PromotionTerms(
        terms.name,
        [_action_told(x, currency) for x in terms.actions],
        _conditions_told(terms.conditions, currency),
        terms.bearer or None,
        terms.by_coupon,
        terms.exclusive,
        terms.priority,
        terms.limit,
        terms.limit_per_customer,
    )
    return m.Promotion(key, told, known.is_on, uses.reserved, uses.redeemed)


def coupon_told(key: str, known: Coupon) -> m.Coupon:
    return m.Coupon(
        key,
        known.promotion,
        known.is_public,
        len(known.customers),
        known.limit,
        known.limit_per_customer,
        known.uses.reserved,
        known.uses.redeemed,
        known.is_withdrawn,
        time_told(known.from_at),
        time_told(known.until_at),
    )


def discounts_told(discounts: list[t.Discount], currency: str) -> list[m.Discount]:
    return [
        m.Discount(
            x.promotion,
            money(x.goods_minor, currency),
            money(x.fee_minor, currency),
            x.coupon or None,
        )
        for x in discounts
    ]


def _conditions_told(x: t.Conditions, currency: str) -> m.Conditions:
    return m.Conditions(
        _amount_told(x.order_min_minor, currency),
        _selection_told(x.contains),
        x.pieces_min,
        x.first_order,
        x.segments,
        [*x.stores],
        time_told(x.from_at),
        time_told(x.until_at),
        hours_told(x.hours),
    )


def _action_told(x: t.Action, currency: str) -> m.Action:
    return m.Action(
        x.kind.value,
        x.permille,
        _amount_told(x.amount_minor, currency),
        _amount_told(x.limit_minor, currency),
        _selection_told(x.targets),
        x.buy,
        x.pay,
        x.get,
    )


def _amount_told(amount: int, currency: str) -> m.Money | None:
    return money(amount, currency) if amount else None


def _selection_told(x: t.Selection) -> m.Selection:
    return m.Selection([*x.products], [*x.categories])
