"""What is somebody else's looks like what is not there: whatever is asked, by whomever."""

import json

import msgspec

from engine.values import HOUR
from gateway import messages as m
from gateway.auth import MAY_ASK
from gateway.clock import wall_ms
from gateway.connections.limits import Limits, RoleLimits
from gateway.wire import time_text
from tests.gateway.test_auth import ROLES, some
from tests.serving import (
    DOOR,
    STORE,
    accepted,
    delivered,
    hear,
    later,
    live,
    party,
    placed,
    raw,
    serving,
    small_city,
    tell,
)

RAMEN = m.Line("ramen", 1)
PRICE = m.Money(1_200, "CNY")
OTHERS = {  # field -> what it names of the shop, its store, its courier and its bank
    "order": ("unpaid", "paid", "live", "done"),
    "delivery": ("live/1", "done/1", "paid/1"),
    "quote": ("q", "q-done"),
    "payment": ("unpaid/1", "done/1"),
    "instruction": ("done/1/capture",),
    "customer": ("ann",),
    "change": ("ch",),
    "exchange": ("ch",),
    "complaint": ("cp",),
    "promotion": ("pr",),
    "coupon": ("co",),
    "transfer": ("tr",),
    "purchase": ("pu",),
    "duty": ("du",),
    "timecard": ("timecard",),  # its id is asked for
    "receipt": ("re",),
    "webhook": ("w",),
    "address": ("home",),
    "courier": ("kim", "acme:kim"),
    "shift": ("sh",),
    "fleet": ("acme",),
}
MADE = {  # names that are chosen by whoever asks; only whether they are taken can be heard
    m.RegisterCustomer: "customer",
    m.RequestQuote: "quote",
    m.PlaceOrder: "order",
    m.OpenComplaint: "complaint",
    m.RecordInteraction: "interaction",
    m.AddTip: "tip",
    m.PreviewChange: "change",
    m.DefinePromotion: "promotion",
    m.IssueCoupons: "coupon",
    m.RequestTransfer: "transfer",
    m.DraftPurchase: "purchase",
    m.DraftDuty: "duty",
    m.RecordReceipt: "receipt",
    m.RefundReceipt: "refund",
    m.SetWebhook: "webhook",
    m.SaveAddress: "address",
    m.PlanShift: "shift",
}
STRANGERS = {
    "order_service": "other",
    "store": "s2",
    "courier": "lee",
    "fleet": "zoom",
    "payment_provider": "bank2",
}


@live
async def test_nobody_hears_whether_something_of_another_is_there(tmp_path):
    """Every request that names something, in every state it may be in: the same bytes as for
    nothing at all, and no record of it changes anything."""
    limits = Limits(roles=dict.fromkeys(ROLES, RoleLimits(10_000, 10_000, 4, 16)))
    async with serving(tmp_path, limits=limits) as app, small_city(app) as city:
        known = OTHERS | {"timecard": (await things_of_everybody(city, app),)}
        before = audible(app)
        pairs = 0
        for role, subject in STRANGERS.items():
            async with raw(app, role, subject, m.JSON) as ws:
                for kind in sorted(MAY_ASK[role], key=lambda x: x.__name__):
                    for field in msgspec.structs.fields(kind):
                        if MADE.get(kind) == field.name:
                            continue
                        for name in known.get(field.name, ()):
                            there = await answer(ws, kind, field.name, name)
                            gone = await answer(ws, kind, field.name, "z" * len(name))
                            assert there == gone, (role, kind, field.name, name)
                            pairs += 1
        assert pairs > 170
        assert audible(app) == before


async def answer(ws, kind, field, name):
    """To a request that names this, without the name."""
    answer.count += 1
    body = msgspec.to_builtins(some(kind))
    if "customer" in body:
        body["customer"] = "own"
    if "store" in body:
        body["store"] = "s2"
    if "courier" in body:
        body["courier"] = "zoom:lee"
    if kind is m.OpenComplaint:
        body["reason"] = "late"
    if kind in MADE:
        body[MADE[kind]] = f"n{answer.count}"
    body[field] = name
    await tell(ws, {"type": "request", "id": f"k{answer.count}", "body": body})
    told = await hear(ws)
    error = told.get("error", {})
    if not error and kind in (m.SearchOrders, m.CountOrders):
        return told["body"]  # what a filter finds is one's own
    assert error, (kind, field, name, told)
    return json.dumps(error, sort_keys=True).replace(f'"{name}"', '"<name>"')


answer.count = 0


def audible(app):
    """All that is somebody's, but for the requests remembered and the time."""
    s = app.engine.state
    kept = (s.orders, s.deliveries, s.payments, s.quotes, s.customers, s.complaints, s.staff)
    kept += (s.couriers.couriers, s.shifts)
    return msgspec.msgpack.encode([[msgspec.to_builtins(x, enc_hook=str)] for x in kept])


async def things_of_everybody(city, app):
    """Returns the id of a timecard."""
    await placed(city, "unpaid")
    told = await placed(city, "paid")
    await city.bank.request(m.ReportAuthorization(told.payment, True, told.total, "ref"))
    await accepted(city, "live")
    await delivered(city, "done")
    shop, store, operator = city.shop, city.store, city.operator
    await shop.request(m.RequestQuote("q", "ann", "s1", [RAMEN], DOOR))
    await shop.request(m.PreviewChange("ch", "done", [RAMEN], "damaged"))
    await shop.request(m.OpenComplaint("cp", "ann", "late", "slow", "done"))
    await shop.request(m.SaveProfile("ann", "Ann", "13800000000"))
    await shop.request(m.SaveAddress("ann", "home", "home", "street 1"))
    await shop.request(m.SetWebhook("w", "orders", "https://example.com/"))
    terms = m.PromotionTerms("x", [m.Action("free_delivery")], by_coupon=True)
    await store.request(m.DefinePromotion("pr", terms))
    await store.request(m.IssueCoupons("co", "pr", ["ann"]))
    await operator.request(m.RegisterStore("s2", "Two", STORE, 600))
    await operator.request(m.RegisterStore("s3", "Three", STORE, 600))
    await operator.request(m.RegisterCourier("lee", "scooter", 12))
    begins, ends = (time_text(wall_ms() + x * HOUR) for x in (1, 2))
    for fleet, courier in (("acme", "acme:kim"), ("zoom", "zoom:lee")):
        async with party(app, "fleet", fleet) as dispatcher:
            await dispatcher.request(m.RegisterCourier(courier, "scooter", 12))
            if fleet == "acme":
                await dispatcher.request(m.PlanShift(courier, "sh", begins, ends))
    for name in ("s2", "s3"):
        async with party(app, "store", name) as other:
            await other.request(m.SetPrice("ramen", PRICE))
            await other.request(m.ReceiveStock("ramen", 100))
    await store.request(m.RequestTransfer("tr", "s3", [RAMEN]))
    await store.request(m.DraftPurchase("pu", "acme", [RAMEN]))
    await store.request(m.DraftDuty("du", "bob", "picker", begins, ends))
    await store.request(m.RecordReceipt("till", "re", [m.SoldLine("ramen", 1, PRICE)], "cash"))
    async with party(app, "order_service", "other") as other:
        await other.request(m.RegisterCustomer("own"))
    async with party(app, "courier", "lee") as lee:
        await lee.request(m.StartShift(later()))
    return (await store.request(m.ClockIn("bob", "picker"))).timecard
