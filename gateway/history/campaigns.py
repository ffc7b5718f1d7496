"""Rows of campaigns: who got the coupon, who was held out, and what either bought meanwhile."""

from msgspec import Struct

from engine import events as e
from engine.rules.experimenting import difference
from engine.values import CampaignId, CustomerId, Millis
from gateway.history.rows import Rows


class Member(Struct):
    is_held_out: bool
    since: Millis
    orders: int = 0
    spent_minor: int = 0
    redeemed: int = 0
    off_minor: int = 0


class Campaign(Struct):
    launched: e.CampaignLaunched
    members: dict[CustomerId, Member]
    ended_at: Millis | None = None

    def size(self, is_held_out: bool, at_least: int = 0) -> int:
        """How many of a group bought that often."""
        group = (x for x in self.members.values() if x.is_held_out is is_held_out)
        return sum(x.orders >= at_least for x in group)


class Campaigns:
    """`finish` tells them all: a campaign is what it has come to by then."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._campaigns: dict[CampaignId, Campaign] = {}
        self.currency = ""

    def launched(self, _: Millis, x: e.CampaignLaunched) -> None:
        self._campaigns[x.campaign] = Campaign(x, {})

    def assigned(self, _: Millis, x: e.CampaignAssigned) -> None:
        members = self._campaigns[x.campaign].members
        for customers, is_held_out in ((x.treated, False), (x.held_out, True)):
            for customer in customers:
                members[customer] = Member(is_held_out, x.at)

    def measured(self, _: Millis, x: e.CampaignMeasured) -> None:
        member = self._campaigns[x.campaign].members[x.customer]
        member.orders += 1
        member.spent_minor += x.amount_minor
        member.redeemed += x.off_minor > 0
        member.off_minor += x.off_minor

    def ended(self, _: Millis, x: e.CampaignEnded) -> None:
        self._campaigns[x.campaign].ended_at = x.at

    def finish(self) -> None:
        for key, campaign in self._campaigns.items():
            self._tell(key, campaign)
            for customer, x in campaign.members.items():
                bought = x.orders, x.spent_minor, x.redeemed, x.off_minor, self.currency
                row = (key, customer, x.is_held_out, x.since, *bought)
                self._rows["campaign_members"].append(row)

    # internals

    def _tell(self, key: CampaignId, campaign: Campaign) -> None:
        x = campaign.launched
        groups = [campaign.size(held, least) for held in (False, True) for least in (0, 1)]
        treated, treated_buyers, held_out, held_out_buyers = groups
        uplift = difference(treated_buyers, treated, held_out_buyers, held_out)
        self._rows["campaigns"].append(
            (
                *(key, " ".join(x.segments), x.promotion, x.coupon, x.holdout_permille),
                *(x.from_at, x.until_at, campaign.ended_at),
                *groups,
                *(uplift or (None, None, None)),
            )
        )
