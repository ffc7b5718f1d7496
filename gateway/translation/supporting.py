"""What is asked about customers, as commands. An operator speaks for no service."""

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from engine.settings import Segmentation
from gateway import messages as m
from gateway.tokens import Identity
from gateway.translation.table import Table, service_of
from gateway.wire import millis, minor


def _set_segmentation(b: m.SetSegmentation, _: Identity, __: str) -> ExternalCommand:
    rows = [tuple(x) for x in (b.recency_days, b.purchases, b.spent_minor)]
    return c.SetSegmentation(Segmentation(*rows))  # type: ignore[arg-type]


def _rate_order(b: m.RateOrder, who: Identity, _: str) -> ExternalCommand:
    return c.RateOrder(
        v.OrderId(b.order),
        v.ServiceId(who.subject),
        b.stars,
        b.courier_stars or 0,
        list(b.tags),
        [v.ProductId(x) for x in b.liked],
        [v.ProductId(x) for x in b.disliked],
    )


def _approve_refund(b: m.ApproveRefund, who: Identity, currency: str) -> ExternalCommand:
    return c.ApproveRefund(
        v.ComplaintId(b.complaint), minor(b.amount, currency, "amount"), who.subject
    )


def _launch_campaign(b: m.LaunchCampaign, _: Identity, __: str) -> ExternalCommand:
    return c.LaunchCampaign(
        v.CampaignId(b.campaign),
        list(b.segments),
        v.PromotionId(b.promotion),
        v.CouponId(b.coupon),
        b.holdout_permille,
        millis(b.until, "until"),
        b.limit_per_customer,
    )


COMMAND_OF: Table = {
    m.LaunchCampaign: _launch_campaign,
    m.StopCampaign: lambda b, _, __: c.StopCampaign(b.campaign),
    m.RateOrder: _rate_order,
    m.ApproveRefund: _approve_refund,
    m.SetSegmentation: _set_segmentation,
    m.SetStanding: lambda b, _, __: c.SetStanding(b.customer, v.Standing(b.standing), b.reason),
    m.RegisterCustomer: lambda b, who, _: c.RegisterCustomer(b.customer, service_of(who)),
    m.SetConsent: lambda b, who, _: c.SetConsent(
        b.customer, v.Purpose(b.purpose), b.given, service_of(who)
    ),
    m.RecordInteraction: lambda b, who, _: c.RecordInteraction(
        b.interaction,
        b.customer,
        v.Channel(b.channel),
        b.topic,
        v.OrderId(b.order or ""),
        service_of(who),
    ),
    m.OpenComplaint: lambda b, who, _: c.OpenComplaint(
        b.complaint, b.customer, b.reason, v.OrderId(b.order or ""), service_of(who)
    ),
    m.AnswerComplaint: lambda b, who, _: c.AnswerComplaint(b.complaint, service_of(who)),
    m.CloseComplaint: lambda b, who, _: c.CloseComplaint(b.complaint, b.outcome, service_of(who)),
    m.ForgetCustomer: lambda b, who, _: c.ForgetCustomer(b.customer, service_of(who)),
}
