"""Questions about promotions and coupons: their terms and uses, and what a customer holds."""

from bisect import bisect_right

from engine.engine import Engine
from engine.terms import PLATFORM
from engine.values import CouponId, CustomerId, PromotionId, ServiceId
from gateway import messages as m
from gateway.asking.paging import page_after
from gateway.codes import unknown
from gateway.tokens import Identity
from gateway.translation.promoting import coupon_told, promotion_told
from gateway.translation.table import store_of
from gateway.wire import time_told


def get_promotion(b: m.GetPromotion, who: Identity, engine: Engine) -> m.Promotion:
    s = engine.state
    known = s.promotions.get(PromotionId(b.promotion))
    if known is None or store_of(who) not in (PLATFORM, known.terms.bearer):
        raise unknown("promotion", b.promotion)
    return promotion_told(b.promotion, known, s.settings.current.currency)


def list_promotions(b: m.ListPromotions, who: Identity, engine: Engine) -> m.Promotions:
    """A store's own are those it bears; everybody else's are all."""
    s, asking = engine.state, store_of(who)
    every = s.promotions.promotions
    keys = [
        key
        for key, x in every.items()
        if asking in (PLATFORM, x.terms.bearer) and b.on in (None, x.is_on)
    ]
    page, following = page_after(keys, b.after, b.limit)
    currency = s.settings.current.currency
    return m.Promotions([promotion_told(x, every[x], currency) for x in page], following)


def get_coupon(b: m.GetCoupon, who: Identity, engine: Engine) -> m.Coupon:
    promotions = engine.state.promotions
    known = promotions.coupon(CouponId(b.coupon))
    if known is None or store_of(who) not in (PLATFORM, promotions[known.promotion].terms.bearer):
        raise unknown("coupon", b.coupon)
    return coupon_told(b.coupon, known)


def list_coupons(b: m.ListCoupons, who: Identity, engine: Engine) -> m.Coupons:
    """By code. Those used up, withdrawn, over, or of a promotion that ended are left out."""
    s, key = engine.state, CustomerId(b.customer)
    customer = s.customers.get(key)
    asking = ServiceId(who.subject) if who.role == "order_service" else None
    foreign = customer and asking and not customer.belongs_to(asking)
    if customer is None or customer.is_forgotten or foreign:
        raise unknown("customer", b.customer)
    codes = sorted(s.promotions.of_customer.get(key, []))
    held: list[m.CouponHeld] = []
    for code in codes[bisect_right(codes, b.after or "") :]:
        coupon = s.promotions.coupons[code]
        promotion = s.promotions[coupon.promotion]
        over = bool(coupon.until_at) and coupon.until_at <= engine.now
        spent = coupon.exhausted(key) or promotion.exhausted(key)
        if over or spent or coupon.is_withdrawn or not promotion.is_on:
            continue
        if len(held) == b.limit:
            return m.Coupons(b.customer, held, held[-1].coupon)
        held.append(
            m.CouponHeld(
                code,
                coupon.promotion,
                promotion.terms.name,
                time_told(coupon.from_at),
                time_told(coupon.until_at),
            )
        )
    return m.Coupons(b.customer, held)
