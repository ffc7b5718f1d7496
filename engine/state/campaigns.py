"""Campaigns: who takes part in which group, and what each group bought."""

from msgspec import Struct

from engine.events import (
    CampaignAssigned,
    CampaignEnded,
    CampaignIssued,
    CampaignLaunched,
    CampaignMeasured,
)
from engine.values import CampaignId, CouponId, CustomerId, Millis


class Member(Struct, array_like=True):
    """`since`: when the coupon was given, or was not."""

    is_held_out: bool
    since: Millis
    orders: int = 0
    spent_minor: int = 0


class Group(Struct, array_like=True):
    """What its members did. `buyers` bought at least once."""

    members: int = 0
    buyers: int = 0
    orders: int = 0
    spent_minor: int = 0
    redeemed: int = 0  # orders with the coupon
    off_minor: int = 0


class Campaign(Struct, array_like=True):
    launched: CampaignLaunched
    members: dict[CustomerId, Member]
    treated: Group
    held_out: Group
    is_issuing: bool = True
    ended_at: Millis = Millis(0)

    def group_of(self, member: Member) -> Group:
        return self.held_out if member.is_held_out else self.treated


class Campaigns(Struct, dict=True):
    """Invariant: who is held out never got the coupon; groups are the sums of their members."""

    campaigns: dict[CampaignId, Campaign] = {}

    def __post_init__(self) -> None:
        # Derived, hence not fields: snapshots neither write nor read them.
        self.of_coupon: dict[CouponId, CampaignId] = {}
        self.running: dict[CustomerId, list[CampaignId]] = {}  # that a customer takes part in
        for key, campaign in self.campaigns.items():
            self.of_coupon[campaign.launched.coupon] = key
            if not campaign.ended_at:
                for customer in campaign.members:
                    self.running.setdefault(customer, []).append(key)

    # queries

    def __getitem__(self, campaign: CampaignId) -> Campaign:
        return self.campaigns[campaign]

    def get(self, campaign: CampaignId) -> Campaign | None:
        return self.campaigns.get(campaign)

    # events

    def campaign_launched(self, e: CampaignLaunched) -> None:
        assert e.campaign not in self.campaigns
        assert e.coupon not in self.of_coupon
        self.campaigns[e.campaign] = Campaign(e, {}, Group(), Group())
        self.of_coupon[e.coupon] = e.campaign

    def campaign_assigned(self, e: CampaignAssigned) -> None:
        campaign = self.campaigns[e.campaign]
        assert campaign.is_issuing
        for customers, is_held_out in ((e.treated, False), (e.held_out, True)):
            for customer in customers:
                assert customer not in campaign.members
                member = campaign.members[customer] = Member(is_held_out, e.at)
                campaign.group_of(member).members += 1
                self.running.setdefault(customer, []).append(e.campaign)

    def campaign_issued(self, e: CampaignIssued) -> None:
        self.campaigns[e.campaign].is_issuing = False

    def campaign_measured(self, e: CampaignMeasured) -> None:
        campaign = self.campaigns[e.campaign]
        member = campaign.members[e.customer]
        group = campaign.group_of(member)
        assert not campaign.ended_at
        assert not (e.off_minor and member.is_held_out)
        group.buyers += member.orders == 0
        group.orders += 1
        group.spent_minor += e.amount_minor
        group.redeemed += e.off_minor > 0
        group.off_minor += e.off_minor
        member.orders += 1
        member.spent_minor += e.amount_minor

    def campaign_ended(self, e: CampaignEnded) -> None:
        campaign = self.campaigns[e.campaign]
        assert not campaign.ended_at
        campaign.ended_at, campaign.is_issuing = e.at, False
        for customer in campaign.members:
            self.running[customer].remove(e.campaign)
            if not self.running[customer]:
                del self.running[customer]
