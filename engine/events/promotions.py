"""Facts about promotions, their coupons, and what became of each use of them."""

from engine.events.event import Event
from engine.terms import Discount, PromotionTerms
from engine.values import CouponId, CustomerId, Millis, OrderId, PromotionId


class PromotionDefined(Event, frozen=True):
    promotion: PromotionId
    terms: PromotionTerms


class PromotionEnded(Event, frozen=True):
    promotion: PromotionId


class CouponsIssued(Event, frozen=True):
    """For these customers, in addition to those before; for everybody if it was for none."""

    coupon: CouponId
    promotion: PromotionId
    customers: list[CustomerId]
    limit: int
    limit_per_customer: int
    from_at: Millis
    until_at: Millis


class CouponWithdrawn(Event, frozen=True):
    coupon: CouponId


class DiscountsReserved(Event, frozen=True):
    """An order was placed with them: each counts as a use of its promotion and its coupon."""

    order: OrderId
    customer: CustomerId
    discounts: list[Discount]


class DiscountsRedeemed(Event, frozen=True):
    """The order was fulfilled: what was reserved for it is used up."""

    order: OrderId
    discounts: list[Discount]


class DiscountsGivenBack(Event, frozen=True):
    """The order came to nothing: what was reserved for it can be used again."""

    order: OrderId
    customer: CustomerId
    discounts: list[Discount]
