"""Campaigning: coupons for a kind of customer, a few hundred at a time, and a group without."""

from dataclasses import dataclass

from engine.commands import ConcludeCampaign, ContinueCampaign, LaunchCampaign, StopCampaign
from engine.events import (
    CampaignAssigned,
    CampaignEnded,
    CampaignIssued,
    CampaignLaunched,
    CampaignMeasured,
    CouponsIssued,
    CouponWithdrawn,
    CustomerPurchased,
)
from engine.rejections import RejectionReason as Reason
from engine.rules.experimenting import HOLDOUT_MAX, is_held_out
from engine.rules.segmentation import NAMES
from engine.state.campaigns import Campaign, Campaigns
from engine.state.customers import Customers
from engine.state.orders import Orders
from engine.state.promotions import Promotion, Promotions
from engine.terms import PLATFORM
from engine.turn import Turn
from engine.values import DAY, SECOND, CouponId, CustomerId, Minor, Purpose, Standing

AT_ONCE = 500  # customers a turn looks at
BETWEEN_MS = SECOND  # two such turns
UNDER_WAY_MS = DAY  # what was ordered in time is delivered by then
LASTS_MS = 366 * DAY


@dataclass(eq=False, slots=True)
class Campaigning:
    customers: Customers
    orders: Orders
    promotions: Promotions
    campaigns: Campaigns

    # commands

    def launch_campaign(self, turn: Turn, c: LaunchCampaign) -> None:
        if not c.segments or any(x not in NAMES for x in c.segments):
            turn.reject(Reason.MALFORMED, field="segments")
        if not 0 <= c.holdout_permille <= HOLDOUT_MAX:
            turn.reject(Reason.MALFORMED, field="holdout_permille", limit=HOLDOUT_MAX)
        if c.limit_per_customer < 0:
            turn.reject(Reason.MALFORMED, field="limit_per_customer")
        if not turn.at < c.until_at <= turn.at + LASTS_MS:
            turn.reject(Reason.MALFORMED, field="until_at", limit_at=turn.at + LASTS_MS)
        if self.campaigns.get(c.campaign) or self._is_taken(c.coupon):
            turn.reject(Reason.ALREADY_EXISTS)
        promotion = self.promotions.get(c.promotion)
        if not promotion or not promotion.is_on or promotion.terms.bearer != PLATFORM:
            turn.reject(Reason.UNKNOWN, what="promotion", id=c.promotion)
        if not promotion.terms.by_coupon:
            turn.reject(Reason.MALFORMED, field="promotion")  # everybody has it already
        turn.emit(
            CampaignLaunched(
                c.campaign,
                len(self.campaigns.campaigns) + 1,
                c.segments,
                c.promotion,
                c.coupon,
                c.holdout_permille,
                turn.at,
                c.until_at,
                c.limit_per_customer,
            )
        )
        turn.set_timer(0, ContinueCampaign(c.campaign, 0))
        turn.set_timer(c.until_at - turn.at + UNDER_WAY_MS, ConcludeCampaign(c.campaign))

    def continue_campaign(self, turn: Turn, c: ContinueCampaign) -> None:
        """Until everybody was looked at, or there is nothing more to give."""
        campaign = self.campaigns[c.campaign]
        if not campaign.is_issuing:
            return
        end = min(c.first + AT_ONCE, len(self.customers.ids))
        if not self._may_issue(turn, campaign):
            turn.emit(CampaignIssued(c.campaign))
            return
        treated, held_out = self._groups(campaign, self.customers.ids[c.first : end])
        if treated or held_out:
            turn.emit(CampaignAssigned(c.campaign, treated, held_out, end, turn.at))
        if treated:  # a coupon for none is for everybody
            self._issue(turn, campaign, treated)
        if end < len(self.customers.ids):
            turn.set_timer(BETWEEN_MS, ContinueCampaign(c.campaign, end))
        else:
            turn.emit(CampaignIssued(c.campaign))

    def stop_campaign(self, turn: Turn, c: StopCampaign) -> None:
        campaign = self.campaigns.get(c.campaign)
        if not campaign:
            turn.reject(Reason.UNKNOWN, what="campaign", id=c.campaign)
        if campaign.ended_at:
            turn.reject(Reason.ALREADY_EXISTS)
        turn.emit(CampaignEnded(c.campaign, turn.at))
        coupon = self.promotions.coupon(campaign.launched.coupon)
        if coupon and not coupon.is_withdrawn:
            turn.emit(CouponWithdrawn(campaign.launched.coupon))

    def conclude_campaign(self, turn: Turn, c: ConcludeCampaign) -> None:
        if not self.campaigns[c.campaign].ended_at:
            turn.emit(CampaignEnded(c.campaign, turn.at))

    # follow-ups

    def measure(self, turn: Turn, e: CustomerPurchased) -> None:
        """What was ordered while the coupon could be used, by those who had it and who had not."""
        placed = self.orders[e.order].placed
        for key in list(self.campaigns.running.get(e.customer, ())):
            campaign = self.campaigns[key]
            since, until = campaign.members[e.customer].since, campaign.launched.until_at
            if since <= placed.placed_at < until:
                coupon = campaign.launched.coupon
                used = (x for x in placed.discounts if x.coupon == coupon)
                off = Minor(sum(x.goods_minor + x.fee_minor for x in used))
                turn.emit(CampaignMeasured(key, e.customer, e.order, e.amount_minor, off))

    # internals

    def _is_taken(self, coupon: CouponId) -> bool:
        return self.promotions.coupon(coupon) is not None or coupon in self.campaigns.of_coupon

    def _may_issue(self, turn: Turn, campaign: Campaign) -> bool:
        launched = campaign.launched
        coupon = self.promotions.coupon(launched.coupon)
        is_on = self.promotions[launched.promotion].is_on
        return is_on and turn.at < launched.until_at and not (coupon and coupon.is_withdrawn)

    def _groups(
        self, campaign: Campaign, keys: list[CustomerId]
    ) -> tuple[list[CustomerId], list[CustomerId]]:
        """Who gets the coupon, and who would have got it: nobody who could not use it."""
        treated, held_out = list[CustomerId](), list[CustomerId]()
        launched = campaign.launched
        promotion = self.promotions[launched.promotion]
        for key in keys:
            x = self.customers[key]
            may_be_reached = x.may_be(Purpose.MARKETING) and x.standing is Standing.GOOD
            if not may_be_reached or self._cannot_use(promotion, key):
                continue
            if any(segment in launched.segments for segment in x.segments):
                aside = is_held_out(x.number, launched.number, launched.holdout_permille)
                (held_out if aside else treated).append(key)
        return treated, held_out

    def _cannot_use(self, promotion: Promotion, customer: CustomerId) -> bool:
        """Any more: it is used up, or for a first order."""
        first_only = promotion.terms.conditions.first_order
        return promotion.exhausted(customer) or (first_only and self.orders.has_ordered(customer))

    def _issue(self, turn: Turn, campaign: Campaign, customers: list[CustomerId]) -> None:
        x = campaign.launched
        turn.emit(
            CouponsIssued(
                x.coupon, x.promotion, customers, 0, x.limit_per_customer, x.from_at, x.until_at
            )
        )
