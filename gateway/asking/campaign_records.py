"""What may be read about campaigns."""

from engine.engine import Engine
from engine.rules.experimenting import difference
from engine.state import State
from engine.state.campaigns import Group
from engine.values import CampaignId
from gateway import messages as m
from gateway.asking.paging import position
from gateway.codes import unknown
from gateway.tokens import Identity
from gateway.wire import money, time_text, time_told


def get_campaign(b: m.GetCampaign, _: Identity, engine: Engine) -> m.Campaign:
    key = CampaignId(b.campaign)
    if engine.state.campaigns.get(key) is None:
        raise unknown("campaign", key)
    return campaign_told(engine.state, key)


def list_campaigns(b: m.ListCampaigns, _: Identity, engine: Engine) -> m.Campaigns:
    """The cursor counts from the oldest."""
    keys = list(engine.state.campaigns.campaigns)
    end = position(b.cursor, len(keys))
    start = max(0, end - b.limit)
    page = [campaign_told(engine.state, key) for key in reversed(keys[start:end])]
    return m.Campaigns(page, str(start) if start else None)


def campaign_told(s: State, key: CampaignId) -> m.Campaign:
    campaign = s.campaigns[key]
    launched, treated, aside = campaign.launched, campaign.treated, campaign.held_out
    found = difference(treated.buyers, treated.members, aside.buyers, aside.members)
    currency = s.settings.current.currency
    return m.Campaign(
        key,
        launched.segments,
        launched.promotion,
        launched.coupon,
        launched.holdout_permille,
        time_text(launched.from_at),
        time_text(launched.until_at),
        campaign.is_issuing,
        _group(treated, currency),
        _group(aside, currency),
        time_told(campaign.ended_at),
        None if found is None else m.Uplift(*found),
    )


def _group(x: Group, currency: str) -> m.CampaignGroup:
    spent, off = money(x.spent_minor, currency), money(x.off_minor, currency)
    return m.CampaignGroup(x.members, x.buyers, x.orders, x.redeemed, spent, off)
