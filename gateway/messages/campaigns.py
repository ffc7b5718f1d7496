"""What is told about campaigns."""

from gateway.messages.values import Money, Part, Told


class CampaignGroup(Part, frozen=True):
    """What its members ordered in time, once it was delivered. `redeemed`: orders with the coupon;
    `off`: what the coupon took off them."""

    members: int
    buyers: int
    orders: int
    redeemed: int
    spent: Money
    off: Money


class Uplift(Part, frozen=True):
    """Buyers among those with the coupon, less buyers among those held out, in permille of each
    group; `low` and `high` hold the truth with a confidence of 95 % (Newcombe 1998)."""

    permille: int
    low: int
    high: int


class Campaign(Told, frozen=True):
    """`issuing`: some have not been looked at yet. No `uplift` without anybody held out."""

    campaign: str
    segments: list[str]
    promotion: str
    coupon: str
    holdout_permille: int
    launched_at: str
    until: str
    issuing: bool
    treated: CampaignGroup
    held_out: CampaignGroup
    ended_at: str | None = None
    uplift: Uplift | None = None


class Campaigns(Told, frozen=True):
    """`next`, if there is more: pass it as `cursor`."""

    campaigns: list[Campaign]
    next: str | None = None
