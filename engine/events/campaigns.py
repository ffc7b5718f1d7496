"""Facts about campaigns: who was given the coupon, who was held out, and what they bought."""

from engine.events.event import Event
from engine.values import CampaignId, CouponId, CustomerId, Millis, Minor, OrderId, PromotionId


class CampaignLaunched(Event, frozen=True):
    campaign: CampaignId
    number: int
    segments: list[str]
    promotion: PromotionId
    coupon: CouponId
    holdout_permille: int
    from_at: Millis
    until_at: Millis
    limit_per_customer: int


class CampaignAssigned(Event, frozen=True):
    """Of the customers looked at up to, but without, number `end`; who is in neither stays out."""

    campaign: CampaignId
    treated: list[CustomerId]
    held_out: list[CustomerId]
    end: int
    at: Millis


class CampaignIssued(Event, frozen=True):
    """Everybody has been looked at."""

    campaign: CampaignId


class CampaignMeasured(Event, frozen=True):
    """Somebody who takes part has bought. `off_minor`: what the coupon took off; it was used
    if that is not zero."""

    campaign: CampaignId
    customer: CustomerId
    order: OrderId
    amount_minor: Minor
    off_minor: Minor


class CampaignEnded(Event, frozen=True):
    campaign: CampaignId
    at: Millis
