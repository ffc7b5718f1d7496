"""The feed of what customers do: one log for the whole city, an entry per event that matters."""

from collections.abc import Callable, Iterator
from typing import Any

from engine import events as e
from engine.state import State
from engine.values import Millis, OrderId
from gateway import messages as m
from gateway.asking.campaign_records import campaign_told
from gateway.asking.customer_records import complaint_told
from gateway.wire import money, time_text

EVERYBODY = ""  # one log, for all who may hear it
News = Iterator[m.CrmNews]


def open_matters(s: State) -> m.CrmOpen:
    running = [key for key, x in s.campaigns.campaigns.items() if not x.ended_at]
    return m.CrmOpen(
        [complaint_told(s, key) for key in s.complaints.open],
        [campaign_told(s, key) for key in running],
    )


def news_of(event: e.AnyEvent, s: State, at: Millis) -> News:
    """What it means for customers; `s` is the state after its whole turn."""
    tell = TELLS.get(type(event))
    if tell is not None:
        yield from tell(event, s, at)


def _joined(x: e.CustomerRegistered, _: State, at: Millis) -> News:
    yield m.CustomerJoined(x.customer, time_text(at), x.service or None)


def _ordered(x: Any, s: State, at: Millis) -> News:
    yield _order(s, x.order, STATUSES[type(x)], at)


def _fulfilled(x: e.OrderFulfilled, s: State, at: Millis) -> News:
    yield _order(s, x.order, "fulfilled", at)
    placed, currency = s.orders[x.order].placed, s.settings.current.currency
    for used in placed.discounts:
        if used.coupon:
            yield m.CouponRedeemed(
                used.coupon,
                used.promotion,
                placed.customer,
                x.order,
                money(used.goods_minor + used.fee_minor, currency),
                time_text(at),
            )


def _order(s: State, key: OrderId, status: Any, at: Millis) -> m.CustomerOrdered:
    order = s.orders[key]
    placed = order.placed
    return m.CustomerOrdered(
        placed.customer,
        key,
        placed.store,
        status,
        money(order.due_minor, s.settings.current.currency),
        time_text(at),
        [x.coupon for x in placed.discounts if x.coupon],
        order.why or None,
    )


def _moved(x: e.CustomerSegmented, _: State, at: Millis) -> News:
    yield m.CustomerMoved(x.customer, x.segments, x.recency, x.frequency, x.monetary, time_text(at))


def _rated(x: e.OrderRated, _: State, at: Millis) -> News:
    said = x.courier_stars > 0
    yield m.CustomerRated(
        x.customer,
        x.order,
        x.store,
        x.stars,
        time_text(at),
        x.courier if said else None,
        x.courier_stars if said else None,
        x.tags,  # type: ignore[arg-type]
    )


def _complaint(x: Any, s: State, _: Millis) -> News:
    yield complaint_told(s, x.complaint)


def _campaign(x: Any, s: State, _: Millis) -> News:
    yield campaign_told(s, x.campaign)


def _given(x: e.CouponsIssued, _: State, at: Millis) -> News:
    yield m.CouponsGiven(x.coupon, x.promotion, list(x.customers), time_text(at))


def _consent(x: e.ConsentSet, _: State, at: Millis) -> News:
    yield m.ConsentChanged(x.customer, x.purpose.value, x.given, time_text(at))


def _standing(x: e.StandingSet, _: State, at: Millis) -> News:
    yield m.StandingChanged(x.customer, x.standing.value, time_text(at))


def _spoke(x: e.InteractionRecorded, _: State, at: Millis) -> News:
    topic: Any = x.topic
    yield m.CustomerSpoke(x.customer, x.interaction, x.channel.value, topic, time_text(at))


def _gone(x: e.CustomerForgotten, _: State, at: Millis) -> News:
    yield m.CustomerGone(x.customer, time_text(at))


STATUSES: dict[type, str] = {
    e.OrderPlaced: "placed",
    e.OrderCancelled: "cancelled",
    e.OrderWrittenOff: "cancelled",
    e.OrderReturned: "returned",
}
TELLS: dict[type, Callable[[Any, State, Millis], News]] = {
    **dict.fromkeys(STATUSES, _ordered),
    e.OrderFulfilled: _fulfilled,
    e.CustomerRegistered: _joined,
    e.CustomerSegmented: _moved,
    e.CustomerForgotten: _gone,
    e.ConsentSet: _consent,
    e.StandingSet: _standing,
    e.InteractionRecorded: _spoke,
    e.OrderRated: _rated,
    e.ComplaintOpened: _complaint,
    e.ComplaintAnswered: _complaint,
    e.ComplaintEscalated: _complaint,
    e.RefundApproved: _complaint,
    e.RefundMissed: _complaint,
    e.ComplaintClosed: _complaint,
    e.CouponsIssued: _given,
    e.CampaignLaunched: _campaign,
    e.CampaignIssued: _campaign,
    e.CampaignEnded: _campaign,
}
