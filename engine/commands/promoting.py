"""What is sold for less, when, to whom, and with which coupons."""

from engine.commands.command import Command
from engine.terms import PLATFORM, PromotionTerms
from engine.values import CouponId, CustomerId, Millis, PromotionId, StoreId


class DefinePromotion(Command, frozen=True):
    """From now on; defined again, it has new terms, the same bearer, and the uses it had."""

    promotion: PromotionId
    terms: PromotionTerms


class EndPromotion(Command, frozen=True):
    """Not in new quotes; those open keep it. `bearer`: the store that asks, if one does."""

    promotion: PromotionId
    bearer: StoreId = PLATFORM


class IssueCoupons(Command, frozen=True):
    """A code for a promotion, for these customers, each on his own; for everybody if for none.

    Issued again under the same terms, it is for more customers: a list too long for one command
    takes several.
    """

    coupon: CouponId
    promotion: PromotionId
    customers: list[CustomerId]
    limit: int = 0  # orders, of everybody; 0: no limit
    limit_per_customer: int = 1  # 0: no limit
    from_at: Millis = Millis(0)
    until_at: Millis = Millis(0)  # 0: for good
    bearer: StoreId = PLATFORM  # the store that asks, if one does


class WithdrawCoupon(Command, frozen=True):
    """Not in new quotes; those open keep it."""

    coupon: CouponId
    bearer: StoreId = PLATFORM
