"""What operators and stores ask for to sell for less. A store does so at its own expense."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.terms import Count, PromotionTerms
from gateway.messages.values import Id, Sent, Time


class DefinePromotion(Sent, frozen=True):
    """From now on; defined again, it has new terms, and the bearer and the uses it had."""

    promotion: Id
    terms: PromotionTerms


class EndPromotion(Sent, frozen=True):
    """Not in new quotes; those open keep it."""

    promotion: Id


class IssueCoupons(Sent, frozen=True):
    """A code for a promotion, for these customers, each on his own; for everybody if for none.

    Again under the same terms, it is for more customers: a long list takes several requests, and
    who has it already is passed by.
    """

    coupon: Id
    promotion: Id
    customers: Annotated[list[Id], Meta(max_length=1_000)] = []
    limit: Count = 0
    limit_per_customer: Count = 1
    from_at: Time | None = None
    until_at: Time | None = None


class WithdrawCoupon(Sent, frozen=True):
    """Not in new quotes; those open keep it."""

    coupon: Id


class GetPromotion(Sent, frozen=True):
    """Its terms, and how often it was used. Answered by `promotion`."""

    promotion: Id


class ListPromotions(Sent, frozen=True):
    """All of them, by id; a store hears of its own. Answered by `promotions`."""

    on: bool | None = None  # only those that are, or are not, in force
    after: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class ListCoupons(Sent, frozen=True):
    """What a customer was issued and can still use. Answered by `coupons`."""

    customer: Id
    after: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 100


class GetCoupon(Sent, frozen=True):
    """Whose it is, and how often it was used. Answered by `coupon`."""

    coupon: Id
