"""Who asks a golden journal's server over its socket, when it was recorded and ever after."""

from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace

import msgspec

from engine.values import HOUR
from gateway import messages as m
from gateway.wire import millis, time_text
from tests.days.random_days import CENTER
from tests.serving import party

ROLES = {
    "operator": ("operator", "ops"),
    "shop": ("order_service", "shop"),
    "store": ("store", "au"),
    "courier": ("courier", "midas"),
    "bank": ("payment_provider", "bank"),
    "care": ("crm", "care"),
}
STORE = m.Place(CENTER.lat_e7 / 1e7, CENTER.lon_e7 / 1e7)
DOOR = m.Place(CENTER.lat_e7 / 1e7 + 0.005, CENTER.lon_e7 / 1e7)
CUSTOMER = "croesus"


@asynccontextmanager
async def parties(app):
    async with AsyncExitStack() as stack:
        found = {k: await stack.enter_async_context(party(app, *who)) for k, who in ROLES.items()}
        yield SimpleNamespace(**found)


async def opened(city):
    """A store of their own, apart from what a random day may have done to others."""
    await city.operator.request(m.RegisterStore("au", "Gold", STORE, 600))
    await city.operator.request(m.ListProduct("bar", "Bar", "metal"))
    await city.operator.request(m.RegisterCourier("midas", "scooter", 12))
    await city.store.request(m.SetPrice("bar", m.Money(1200, "CNY")))
    await city.store.request(m.ReceiveStock("bar", 1_000))
    await city.shop.request(m.RegisterCustomer(CUSTOMER))
    ends = millis(city.courier.welcome.at, "at") + 10 * HOUR
    await city.courier.request(m.StartShift(time_text(ends)))


async def placed(city, order):
    """The reply. Said again under the same id, the whole of it has the first answer."""
    quote = m.RequestQuote(f"q-{order}", CUSTOMER, "au", [m.Line("bar", 1)], DOOR)
    await city.shop.request(quote, f"quote-{order}")
    reply = await city.shop.ask(m.PlaceOrder(order, f"q-{order}", "bank"), f"place-{order}")
    assert reply.error is None, reply
    return reply


async def paid(city, order):
    told = (await placed(city, order)).body
    await city.bank.request(m.ReportAuthorization(told.payment, True, told.total, "ref"))
    return told


async def delivered(city, order):
    """From the quote to the money."""
    told, delivery = await paid(city, order), f"{order}/1"
    await city.store.request(m.AcceptOrder(order, told.placed_at))
    await city.operator.request(m.AssignDelivery("midas", delivery, "by_hand"))
    await city.courier.request(m.AcceptOffer(delivery))
    await city.courier.request(m.ReportArrival(delivery, "pickup"))
    await city.store.request(m.ReportReady(order))
    await city.courier.request(m.ReportPickup(delivery))
    await city.courier.request(m.ReportDropoff(delivery))
    await city.bank.request(m.ReportInstruction(f"{order}/1/capture", True, "ref"))


def plain(told):
    """A frame as JSON has it."""
    return msgspec.json.decode(msgspec.json.encode(told))
