"""A gateway on a port of its own, and parties that talk to it over real sockets."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgpack
from websockets.asyncio.client import ClientConnection, connect

from gateway import messages as m
from gateway.app import App, Config
from gateway.client import Client
from gateway.clock import wall_ms
from gateway.wire import time_text

LIMIT_S = 90  # a test that hangs is a failure, not a wait
STORE = m.Place(39.0, 116.0)
DOOR = m.Place(39.01, 116.01)


def live(test: Callable[..., Any]) -> Callable[..., Any]:
    """Runs an async test to its end."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), LIMIT_S))

    return run


@asynccontextmanager
async def serving(data: Path, **config: Any) -> AsyncIterator[App]:
    async with App(Config(data=data, port=config.pop("port", 0), **config)) as app:
        yield app


def later(hours: float = 20) -> str:
    """So long from now, as a client says it."""
    return time_text(wall_ms() + round(hours * 3_600_000))


def party(
    app: App, role: m.Role, subject: str, subprotocol: str = m.MSGPACK, **more: Any
) -> Client:
    return Client(
        app.url, lambda: app.mint(role, subject), subprotocol, backoff_s=(0.001, 0.02), **more
    )


@asynccontextmanager
async def raw(
    app: App,
    role: m.Role | None = None,
    subject: str = "x",
    subprotocol: str = m.MSGPACK,
    **more: Any,
) -> AsyncIterator[ClientConnection]:
    """A bare connection; welcomed already, if a role is given."""
    async with connect(
        app.url,
        subprotocols=[subprotocol],
        compression=None,
        max_size=None,
        close_timeout=0.1,
        **more,
    ) as ws:
        if role is not None:
            await tell(ws, {"type": "hello", "token": app.mint(role, subject)})
            assert (await hear(ws))["type"] == "welcome"
        yield ws


async def tell(ws: ClientConnection, frame: Any) -> None:
    """What an independent client would write: the plain msgpack package, or json."""
    await ws.send(written(ws, frame))


def written(ws: ClientConnection, frame: Any) -> bytes | str:
    if ws.subprotocol == m.JSON:
        return json.dumps(frame)
    return msgpack.packb(frame)


async def hear(ws: ClientConnection) -> dict[str, Any]:
    """The next frame that is no heartbeat."""
    while True:
        data = await ws.recv()
        frame = json.loads(data) if isinstance(data, str) else msgpack.unpackb(data)
        if frame["type"] != "heartbeat":
            return frame


@asynccontextmanager
async def small_city(
    app: App, subprotocol: str = m.MSGPACK, currency: str = "CNY"
) -> AsyncIterator[SimpleNamespace]:
    """One store with a full shelf, one courier on shift, one customer; everybody connected."""
    roles: dict[str, tuple[m.Role, str]] = {
        "operator": ("operator", "ops"),
        "shop": ("order_service", "shop"),
        "store": ("store", "s1"),
        "kim": ("courier", "kim"),
        "bank": ("payment_provider", "bank"),
    }
    city = SimpleNamespace(**{k: party(app, *who, subprotocol) for k, who in roles.items()})
    clients: list[Client] = list(vars(city).values())
    for client in clients:
        client.start()
    for client in clients:
        await client.ready()
    try:
        await set_up(city, currency)
        await city.kim.request(m.StartShift(later()))
        yield city
    finally:
        for client in clients:
            await client.close()


async def set_up(city: SimpleNamespace, currency: str = "CNY") -> None:
    """One store with a full shelf, one courier, one customer."""
    await city.operator.request(m.RegisterStore("s1", "Noodles", STORE, 600))
    await city.operator.request(m.ListProduct("ramen", "Ramen", "food"))
    await city.operator.request(m.RegisterCourier("kim", "scooter", 12))
    await city.store.request(m.SetPrice("ramen", m.Money(1200, currency)))
    await city.store.request(m.ReceiveStock("ramen", 100_000))
    await city.shop.request(m.RegisterCustomer("ann"))


async def placed(
    city: SimpleNamespace,
    order: str,
    lines: int = 1,
    coupons: tuple[str, ...] = (),
    customer: str = "ann",
) -> m.OrderPlaced:
    """An order, Ann's unless told, as far as its payment is requested."""
    ramen = [m.Line("ramen", lines)]
    quote = m.RequestQuote(f"q-{order}", customer, "s1", ramen, DOOR, coupons=[*coupons])
    await city.shop.request(quote)
    return await city.shop.request(m.PlaceOrder(order, f"q-{order}", "bank"))


async def accepted(
    city: SimpleNamespace, order: str, coupons: tuple[str, ...] = (), customer: str = "ann"
) -> str:
    """Paid, accepted by the store, offered to Kim and accepted by him. Returns the delivery."""
    told = await placed(city, order, coupons=coupons, customer=customer)
    await city.bank.request(m.ReportAuthorization(told.payment, True, told.total, "ref"))
    await city.store.request(m.AcceptOrder(order, told.placed_at))
    delivery = f"{order}/1"
    await city.operator.request(m.AssignDelivery("kim", delivery, "by_hand"))
    await city.kim.request(m.AcceptOffer(delivery))
    return delivery


async def delivered(
    city: SimpleNamespace, order: str, coupons: tuple[str, ...] = (), customer: str = "ann"
) -> None:
    """All the way to the door, and captured."""
    delivery = await accepted(city, order, coupons, customer)
    await city.kim.request(m.ReportArrival(delivery, "pickup"))
    await city.store.request(m.ReportReady(order))
    await city.kim.request(m.ReportPickup(delivery))
    await city.kim.request(m.ReportDropoff(delivery))
    await city.bank.request(m.ReportInstruction(f"{order}/1/capture", True, "ref"))


async def until(
    updates: AsyncIterator[Any], wanted: Callable[[Any], bool], keep: list[Any] | None = None
) -> Any:
    """The first update that is wanted; the others are kept too, if asked."""
    async for update in updates:
        if keep is not None:
            keep.append(update)
        if wanted(update):
            return update
    raise AssertionError("the subscription ended")
