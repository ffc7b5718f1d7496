"""Campaigns: a coupon for a kind of customer, and what it changed."""

from engine.commands.command import Command
from engine.values import CampaignId, CouponId, Millis, PromotionId


class LaunchCampaign(Command, frozen=True):
    """Everybody in these segments who allows it gets the coupon, but for those held out.

    The coupon is the campaign's own, new, and of a promotion that needs one.
    """

    campaign: CampaignId
    segments: list[str]
    promotion: PromotionId
    coupon: CouponId
    holdout_permille: int
    until_at: Millis  # of the coupon, and of what is counted
    limit_per_customer: int = 1  # 0: no limit


class StopCampaign(Command, frozen=True):
    """No more coupons; those given are withdrawn. What was counted stays."""

    campaign: CampaignId


class ContinueCampaign(Command, frozen=True):
    """The next few customers. `first` is a number, not an id."""

    campaign: CampaignId
    first: int


class ConcludeCampaign(Command, frozen=True):
    """What was ordered in time has been delivered by now."""

    campaign: CampaignId
