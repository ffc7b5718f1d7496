"""Campaigns: who was held out has no coupon, who was not has one, and groups add up."""

from collections.abc import Iterator

from engine.rules.experimenting import is_held_out
from engine.state import State
from engine.state.campaigns import Campaign, Group


def violations(s: State) -> Iterator[str]:
    for key, campaign in s.campaigns.campaigns.items():
        for problem in _of_campaign(s, campaign):
            yield f"campaign {key}: {problem}"


def _of_campaign(s: State, campaign: Campaign) -> Iterator[str]:
    launched = campaign.launched
    coupon = s.promotions.coupon(launched.coupon)
    treated = [k for k, x in campaign.members.items() if not x.is_held_out]
    given = list(coupon.customers) if coupon else []
    if given != treated:
        yield f"{len(given)} have the coupon, {len(treated)} are to have it"
    for key, member in campaign.members.items():
        number = s.customers[key].number
        aside = is_held_out(number, launched.number, launched.holdout_permille)
        if member.is_held_out != aside:
            yield f"{key} is held out: {member.is_held_out}"
    for is_aside, group in ((False, campaign.treated), (True, campaign.held_out)):
        members = [x for x in campaign.members.values() if x.is_held_out == is_aside]
        due = Group(
            len(members),
            sum(x.orders > 0 for x in members),
            sum(x.orders for x in members),
            sum(x.spent_minor for x in members),
            group.redeemed,
            group.off_minor,
        )
        if group != due or not group.redeemed <= group.orders:
            yield f"{group} is counted, its members sum to {due}"
    if campaign.held_out.redeemed:
        yield f"{campaign.held_out.redeemed} orders of who was held out used the coupon"
