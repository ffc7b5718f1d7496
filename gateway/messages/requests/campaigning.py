"""What is asked about campaigns: coupons for a kind of customer, and what they changed."""

from typing import Annotated

from msgspec import Meta

from gateway.messages.values import Cursor, Id, Segment, Sent, Time


class LaunchCampaign(Sent, frozen=True):
    """Everybody in these segments who allows marketing gets the coupon, a few hundred a second;
    but for `holdout_permille` of them, by whom it is measured. The coupon is to be a new one. Who
    has used the promotion up already takes no part.
    """

    campaign: Id
    segments: Annotated[list[Segment], Meta(min_length=1, max_length=20)]
    promotion: Id
    coupon: Id
    until: Time
    holdout_permille: Annotated[int, Meta(ge=0, le=900)] = 100
    limit_per_customer: Annotated[int, Meta(ge=0, le=1_000)] = 1


class StopCampaign(Sent, frozen=True):
    """No more coupons, and those given are withdrawn. What was counted stays."""

    campaign: Id


class GetCampaign(Sent, frozen=True):
    """How it goes, and what the difference between the groups says. Answered by `campaign`."""

    campaign: Id


class ListCampaigns(Sent, frozen=True):
    """All of them, newest first. Answered by `campaigns`."""

    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
