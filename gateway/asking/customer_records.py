"""What may be read about customers, and by whom: a service reads of its own, and what it placed."""

from engine.engine import Engine
from engine.rules.ratings import STARS
from engine.rules.segmentation import NAMES
from engine.state import State
from engine.state.complaints import Complaint, ComplaintStatus
from engine.state.customers import Customer
from engine.values import (
    ComplaintId,
    CourierId,
    CustomerId,
    OrderId,
    ProductId,
    Purpose,
    StoreId,
)
from gateway import messages as m
from gateway.asking.paging import position
from gateway.codes import Refusal, unknown
from gateway.tokens import Identity
from gateway.translation.goods import priced
from gateway.wire import money, time_text, time_told

LOOKED_AT_MAX = 5_000  # customers for one page: about a millisecond


def get_customer(b: m.GetCustomer, who: Identity, engine: Engine) -> m.Customer:
    s = engine.state
    known = visible(s, b.customer, who)
    return m.Customer(
        b.customer,
        time_text(known.since),
        known.standing.value,
        [m.ConsentGiven(x.value, time_text(since)) for x, since in known.consents.items()],
        known.purchases,
        money(known.spent_minor, s.settings.current.currency),
        known.segments,
        known.service or None,
        time_text(known.first_at) if known.purchases else None,
        time_text(known.last_at) if known.purchases else None,
    )


def list_purchases(b: m.ListPurchases, who: Identity, engine: Engine) -> m.Purchases:
    """The cursor is where the page before ended, counted from the oldest: it stays right."""
    s = engine.state
    visible(s, b.customer, who)
    keys = s.orders.of_customer.get(CustomerId(b.customer), [])
    end = position(b.cursor, len(keys))
    page: list[m.Purchase] = []
    while end and len(page) < b.limit:
        end -= 1
        if who.role != "order_service" or s.orders[keys[end]].placed.service == who.subject:
            page.append(_purchase(s, keys[end]))
    return m.Purchases(b.customer, page, str(end) if end else None)


def get_segmentation(_: m.GetSegmentation, __: Identity, engine: Engine) -> m.Segmentation:
    customers = engine.state.customers
    rule = customers.segmentation
    sizes = {name: customers.sizes.get(name, 0) for name in NAMES}
    return m.Segmentation(
        list(rule.recency_days), list(rule.purchases), list(rule.spent_minor), sizes
    )


def list_segment_members(b: m.ListSegmentMembers, _: Identity, engine: Engine) -> m.SegmentMembers:
    """The cursor is how many of all customers were looked at: nobody is told twice."""
    customers, currency = engine.state.customers, engine.state.settings.current.currency
    ids = customers.ids
    first = position(b.cursor or "0", len(ids))
    page: list[m.SegmentMember] = []
    end = first
    while end < min(first + LOOKED_AT_MAX, len(ids)) and len(page) < b.limit:
        key = ids[end]
        if b.segment in customers[key].segments:
            page.append(_member(key, customers[key], currency))
        end += 1
    size = customers.sizes.get(b.segment, 0)
    return m.SegmentMembers(b.segment, size, page, str(end) if end < len(ids) else None)


def list_complaints(b: m.ListComplaints, who: Identity, engine: Engine) -> m.Complaints:
    """The cursor is the number of the last one told: what was closed since does not matter."""
    s = engine.state
    if b.customer is None:
        keys = list(s.complaints.open)
    else:
        visible(s, b.customer, who)
        keys = s.complaints.of_customer.get(CustomerId(b.customer), [])
    after = position(b.cursor or "0", len(s.complaints.complaints))
    page: list[m.Complaint] = []
    last = 0
    for key in keys:
        complaint = s.complaints[key]
        if complaint.number <= after or not may_follow(complaint, who):
            continue
        if len(page) == b.limit:
            return m.Complaints(page, str(last))
        page.append(complaint_told(s, key))
        last = complaint.number
    return m.Complaints(page)


def get_ratings(b: m.GetRatings, who: Identity, engine: Engine) -> m.Ratings:
    """What is said of couriers is not for order services."""
    ratings = engine.state.ratings
    if b.kind == "product":
        votes = ratings.products.get(ProductId(b.id))
        return m.Ratings(b.id, [], votes.liked, votes.disliked) if votes else m.Ratings(b.id)
    if b.kind == "courier" and who.role == "order_service":
        raise Refusal("forbidden")
    if b.kind == "courier":
        tally = ratings.couriers.get(CourierId(b.id))
    else:
        tally = ratings.stores.get(StoreId(b.id))
    return m.Ratings(b.id, list(tally.of_stars) if tally else [0] * len(STARS))


def complaint_told(s: State, key: ComplaintId) -> m.Complaint:
    """Without words: those are in the vault."""
    complaint = s.complaints[key]
    is_due = complaint.status is ComplaintStatus.OPEN
    refund = complaint.refund_minor
    return m.Complaint(
        key,
        complaint.customer,
        complaint.reason,
        complaint.status.value,
        [m.ComplaintMove(time_text(x.at), x.actor.value, x.what) for x in complaint.history],
        complaint.order or None,
        time_text(complaint.answer_by) if is_due else None,
        complaint.escalations,
        money(refund, s.settings.current.currency) if refund else None,
        complaint.outcome or None,
    )


def may_follow(complaint: Complaint, who: Identity) -> bool:
    return who.role != "order_service" or complaint.service == who.subject


def visible(s: State, key: str, who: Identity) -> Customer:
    """Raises Refusal("unknown"): nobody hears whether somebody else's customer exists."""
    known = s.customers.get(CustomerId(key))
    is_own = who.role != "order_service" or (known and known.service == who.subject)
    if known is None or known.is_forgotten or not is_own:
        raise unknown("customer", key)
    return known


def _member(key: CustomerId, customer: Customer, currency: str) -> m.SegmentMember:
    return m.SegmentMember(
        key,
        customer.purchases,
        money(customer.spent_minor, currency),
        time_told(customer.last_at),
        customer.may_be(Purpose.MARKETING),
        customer.standing.value,
    )


def _purchase(s: State, key: OrderId) -> m.Purchase:
    order, currency = s.orders[key], s.settings.current.currency
    return m.Purchase(
        key,
        order.placed.store,
        order.status.value,
        priced(order.lines, currency),
        money(order.due_minor, currency),
        time_text(order.placed.placed_at),
        time_told(order.ended_at),
        order.why or None,
    )
