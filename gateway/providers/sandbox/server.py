"""The sandbox as a server: three providers at one address, and levers for tests and people."""

import json
from datetime import date
from pathlib import Path
from random import Random
from typing import Self

import msgspec
from aiohttp import web

from gateway.listening import Listening
from gateway.providers.sandbox.alipay_desk import AlipayDesk
from gateway.providers.sandbox.bills import alipay_bill, stripe_bill, wechat_bill
from gateway.providers.sandbox.identity import Identity
from gateway.providers.sandbox.phone import Phone
from gateway.providers.sandbox.postman import Conduct, Postman
from gateway.providers.sandbox.stripe_desk import StripeDesk
from gateway.providers.sandbox.stripe_form import StripeForm
from gateway.providers.sandbox.till import RefusedError, Till
from gateway.providers.sandbox.trades import Trades
from gateway.providers.sandbox.wechat_desk import WeChatDesk

TRADES_FILE = "trades.db"
BODY_MAX_BYTES = 256 * 1024


class Sandbox(Listening):
    """`async with Sandbox(identity, webhooks) as sandbox`: at `url`.

    `webhooks` is where the gateway hears notices: `http://127.0.0.1:8081`. Without a `folder`
    everything is forgotten at the end.
    """

    def __init__(
        self,
        identity: Identity,
        webhooks: str,
        host: str = "127.0.0.1",
        port: int = 0,
        folder: Path | None = None,
        seed: int = 1,
    ) -> None:
        rng = Random(seed)
        self.trades = Trades(folder / TRADES_FILE if folder else None)
        self.postman = Postman(rng)
        self.till = Till(self.trades, self.postman, rng)
        self._identity = identity
        alipay = AlipayDesk(identity, self.till)
        stripe = StripeDesk(identity, self.till, f"{webhooks}/webhooks/stripe")
        self._desks = (
            WeChatDesk(identity, self.till),
            alipay,
            stripe,
            Phone(identity, self.till, alipay),
            StripeForm(identity, self.till, stripe),
        )
        app = web.Application(client_max_size=BODY_MAX_BYTES)
        for desk in self._desks:
            app.router.add_routes(desk.routes())
        app.router.add_get("/sandbox/trades", self._list)
        app.router.add_post("/sandbox/pay/{provider}/{number}", self._pay)
        app.router.add_post("/sandbox/conduct", self._behave)
        app.router.add_get("/sandbox/bill/{provider}/{day}", self._bill)
        super().__init__(app, host, port)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def conduct(self) -> Conduct:
        return self.postman.conduct

    @conduct.setter
    def conduct(self, conduct: Conduct) -> None:
        self.postman.conduct = conduct

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.postman.open()
        self.till.resume()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.till.close()
        await self.postman.close()
        await super().__aexit__()
        self.trades.close()

    def bill(self, provider: str, day: date) -> bytes:
        """Of one provider, in its own format."""
        trades, n = self.trades.of_provider(provider), self._identity.names
        if provider == "wechat":
            return wechat_bill(trades, day, n.mchid, n.appid)
        if provider == "alipay":
            return alipay_bill(trades, day, n.seller_id)
        return stripe_bill(trades, day)

    # levers

    async def _list(self, _: web.Request) -> web.Response:
        told = msgspec.json.encode(list(self.trades.all.values()))
        return web.Response(body=told, content_type="application/json")

    async def _pay(self, request: web.Request) -> web.Response:
        where = request.match_info
        trade = self.trades.get(where["provider"], where["number"])
        if trade is None:
            return web.Response(status=404)
        try:
            self.till.pay(trade)
        except RefusedError as error:
            return web.Response(status=409, text=error.code)
        return web.Response(status=204)

    async def _behave(self, request: web.Request) -> web.Response:
        """Some of `Conduct`, as JSON; the rest stays as it is."""
        now = msgspec.to_builtins(self.conduct)
        try:
            self.conduct = msgspec.convert(now | json.loads(await request.read()), Conduct)
        except (msgspec.ValidationError, ValueError, TypeError) as error:
            return web.Response(status=400, text=str(error))
        return web.Response(status=204)

    async def _bill(self, request: web.Request) -> web.Response:
        where = request.match_info
        if where["provider"] not in self.till.tellers:
            return web.Response(status=404)
        return web.Response(body=self.bill(where["provider"], date.fromisoformat(where["day"])))
