"""The feed `crm`: what it tells adds up to what is true, without a gap, and names nobody."""

from collections import Counter

import pytest
from msgspec import msgpack

from gateway import messages as m
from gateway.telling.feeds import FeedHub
from tests.days.random_days import RandomDay
from tests.serving import delivered, hear, live, party, raw, serving, small_city, tell, until

decode = msgpack.Decoder(m.DeltaBody).decode


class Crm:
    """What somebody believes who only hears deltas."""

    def __init__(self):
        self.seq = 0
        self.customers, self.segments, self.complaints = {}, {}, {}
        self.bought, self.stars = Counter(), Counter()
        self.coupons, self.redeemed = {}, Counter()
        self.consents = set()

    def hear(self, seq, x):
        assert seq == self.seq + 1, "a gap, or the same again"
        self.seq = seq
        match x:
            case m.CustomerJoined():
                self.customers[x.customer] = x.service
            case m.CustomerMoved():
                self.segments[x.customer] = x.segments
            case m.CustomerOrdered(status="fulfilled"):
                self.bought[x.customer] += 1
            case m.CustomerRated():
                self.stars[x.store] += x.stars
            case m.ConsentChanged(given=True):
                self.consents.add((x.customer, x.purpose))
            case m.ConsentChanged():
                self.consents.discard((x.customer, x.purpose))
            case m.Complaint():
                self.complaints[x.complaint] = x
            case m.CouponsGiven():
                self.coupons.setdefault(x.coupon, []).extend(x.customers)
            case m.CouponRedeemed():
                self.redeemed[x.coupon] += 1
            case m.CustomerGone():
                self.segments.pop(x.customer, None)
                self.bought.pop(x.customer, None)
                self.consents = {y for y in self.consents if y[0] != x.customer}


@pytest.mark.parametrize("seed", range(12))
def test_what_is_told_adds_up_to_the_state(seed):
    day = RandomDay(seed)
    hub, crm, s = FeedHub(day.engine), Crm(), day.engine.state
    for phase in (day.records(900), day.heal()):
        for record in phase:
            for feed, _, seq, body in hub.fold(record):
                if feed == "crm":
                    crm.hear(seq, decode(body))
    customers = s.customers.customers
    assert crm.customers == {k: x.service or None for k, x in customers.items()}
    assert crm.segments == {k: x.segments for k, x in customers.items() if x.segments}
    assert +crm.bought == Counter({k: x.purchases for k, x in customers.items()}) + Counter()
    assert +crm.stars == Counter({k: x.total for k, x in s.ratings.stores.items()}) + Counter()
    open_ = {k: x.status for k, x in crm.complaints.items() if x.status != "closed"}
    assert open_ == {k: x.status for k, x in s.complaints.open.items()}
    assert {k: list(x.customers) for k, x in s.promotions.coupons.items()} == crm.coupons
    redeemed = {k: x.uses.redeemed for k, x in s.promotions.coupons.items() if x.uses.redeemed}
    assert crm.redeemed == redeemed
    assert crm.consents == {(k, p) for k, x in customers.items() for p in x.consents}


@live
async def test_the_people_who_care_for_customers_hear_what_those_do(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        desk = party(app, "crm", "desk")
        desk.start()
        await desk.ready()
        crm, heard = desk.subscribe("crm"), []
        await until(crm, lambda x: x.kind == "snapshot")
        await delivered(city, "o1")
        await city.shop.request(m.RateOrder("o1", 5, 4, ["fresh"]))
        await city.shop.request(m.OpenComplaint("c1", "ann", "question", "who is Zhang?"))
        await until(crm, lambda x: isinstance(x.body, m.Complaint), heard)
        assert [type(x.body) for x in heard] == [
            m.CustomerOrdered,
            m.CustomerOrdered,
            m.CustomerMoved,
            m.CustomerRated,
            m.Complaint,
        ]
        first = heard[0].seq
        assert [x.seq for x in heard] == list(range(first, first + len(heard)))
        assert "Zhang" not in str(heard)
        snapshot = (await until(city.operator.subscribe("crm"), bool)).body
        assert [x.complaint for x in snapshot.complaints] == ["c1"]
        await desk.close()


@live
async def test_the_feed_goes_on_where_it_was_cut_also_after_a_restart(tmp_path):
    async with serving(tmp_path) as app, small_city(app) as city:
        crm = city.operator.subscribe("crm")
        await delivered(city, "o1")
        last = await until(crm, lambda x: isinstance(x.body, m.CustomerMoved))
        await city.shop.request(m.SetConsent("ann", "marketing", True))
    async with serving(tmp_path) as app, raw(app) as ws:
        hello = {"type": "hello", "token": app.mint("crm", "desk"), "resume": {"crm": last.seq}}
        await tell(ws, hello)
        assert (await hear(ws))["type"] == "welcome"
        assert await hear(ws) == {"type": "resumed", "feed": "crm", "seq": last.seq}
        delta = await hear(ws)
        assert (delta["seq"], delta["body"]["type"]) == (last.seq + 1, "consent_changed")
        shop = party(app, "order_service", "shop")
        shop.start()
        await shop.request(m.RateOrder("o1", 3))
        delta = await hear(ws)
        assert (delta["seq"], delta["body"]["type"]) == (last.seq + 2, "customer_rated")
        await shop.close()
