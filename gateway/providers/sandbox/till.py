"""The till behind all desks: trades are opened, paid, taken, shut and given back, once each."""

import asyncio
import secrets
from collections.abc import Coroutine
from random import Random
from typing import Any, Protocol

from gateway.clock import wall_ms
from gateway.providers.sandbox.postman import Conduct, Postman
from gateway.providers.sandbox.trades import CLOSED, HELD, TAKEN, UNPAID, Refund, Trade, Trades
from gateway.running import cancelled


class RefusedError(Exception):
    """`code` says why, in the till's words; a desk says it in its provider's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Teller(Protocol):
    """How a desk tells the merchant."""

    def tell_paid(self, trade: Trade) -> None: ...
    def tell_captured(self, trade: Trade) -> None: ...
    def tell_failed(self, trade: Trade) -> None: ...
    def tell_refunded(self, trade: Trade, refund: Refund) -> None: ...


class Till:
    """Customers pay by themselves, as `postman.conduct` says; or `pay` is called."""

    def __init__(self, trades: Trades, postman: Postman, rng: Random) -> None:
        self.trades = trades
        self.postman = postman
        self.tellers: dict[str, Teller] = {}
        self.holds = ("stripe",)  # providers that hold first, and take when told
        self._rng = rng
        self._tasks: dict[asyncio.Task[None], None] = {}

    @property
    def conduct(self) -> Conduct:
        return self.postman.conduct

    async def close(self) -> None:
        await cancelled(*self._tasks)

    def resume(self) -> None:
        """After a restart: who was about to pay, pays; what was on its way back arrives."""
        for trade in list(self.trades.all.values()):
            by_itself = not trade.kind or trade.invoked_ms
            if by_itself and trade.status == UNPAID and not trade.is_past:
                self._later(self._customer(trade))
            for refund in trade.refunds.values():
                if refund.status == "PROCESSING":
                    self._later(self._refunding(trade, refund))

    # what desks ask

    def open(
        self,
        provider: str,
        number: str,
        amount_minor: int,
        currency: str,
        note: str,
        notify_url: str,
        expires_s: int = 0,
        *,
        holds: bool = False,
        kind: str = "",
        appid: str = "",
        payer: str = "",
    ) -> Trade:
        """The same again is the same. Raises RefusedError: `paid`, `closed` or `differs`.

        Of a `kind` it is paid once a customer's client invoked it, else by itself.
        """
        known = self.trades.get(provider, number)
        if known is not None:
            was = (known.amount_minor, known.currency, known.kind, known.appid, known.payer)
            if was != (amount_minor, currency, kind, appid, payer):
                raise RefusedError("differs")
            if known.status != UNPAID:
                raise RefusedError("closed" if known.status == CLOSED else "paid")
            known.notify_url = notify_url  # a merchant may have moved meanwhile
            self.trades.keep(known)
            return known
        if amount_minor < 1:
            raise RefusedError("differs")
        trade = Trade(
            provider,
            number,
            f"{provider[:2]}_{secrets.token_hex(12)}",
            amount_minor,
            currency,
            note,
            notify_url,
            wall_ms(),
            expires_s,
            holds=holds or provider in self.holds,
            kind=kind,
            appid=appid,
            payer=payer,
        )
        self.trades.keep(trade)
        if not kind:
            self._later(self._customer(trade))
        return trade

    def invoke(self, trade: Trade) -> None:
        """The customer sees it on his phone. Raises RefusedError: `paid` or `closed`."""
        if trade.status in (TAKEN, HELD):
            raise RefusedError("paid")
        if trade.status == CLOSED or trade.is_past:
            raise RefusedError("closed")
        trade.invoked_ms = wall_ms()
        self.trades.keep(trade)
        self._later(self._customer(trade))

    def pay(self, trade: Trade) -> None:
        """The customer does. Raises RefusedError if it cannot be paid any more."""
        if trade.status != UNPAID or trade.is_past:
            raise RefusedError("closed")
        trade.paid_ms = wall_ms()
        if trade.holds or trade.provider in self.holds:
            trade.status = HELD
        else:
            self._take(trade, trade.amount_minor)
        self.trades.keep(trade)
        self.tellers[trade.provider].tell_paid(trade)

    def capture(self, trade: Trade, amount_minor: int) -> None:
        """Raises RefusedError."""
        if trade.status != HELD or not 0 < amount_minor <= trade.amount_minor:
            raise RefusedError("state")
        self._take(trade, amount_minor)
        self.trades.keep(trade)
        self.tellers[trade.provider].tell_captured(trade)

    def shut(self, provider: str, number: str) -> Trade:
        """What is held is let go. Raises RefusedError: `unknown` or `paid`."""
        trade = self.trades.get(provider, number)
        if trade is None:
            raise RefusedError("unknown")
        if trade.status == TAKEN:
            raise RefusedError("paid")
        if trade.status != CLOSED:
            trade.status = CLOSED
            self.trades.keep(trade)
            self.tellers[provider].tell_failed(trade)
        return trade

    def give_back(self, trade: Trade, number: str, amount_minor: int) -> Refund:
        """The same number is the same refund. Raises RefusedError."""
        known = trade.refunds.get(number)
        if known is not None:
            if known.amount_minor != amount_minor:
                raise RefusedError("differs")
            return known
        left = trade.taken_minor - trade.refunded_minor
        if trade.status != TAKEN or not 0 < amount_minor <= left:
            raise RefusedError("too_much")
        reference = f"re_{secrets.token_hex(12)}"
        refund = Refund(number, reference, amount_minor, wall_ms())
        trade.refunds[number] = refund
        self.trades.keep(trade)
        self._later(self._refunding(trade, refund))
        return refund

    # what happens by itself

    async def _customer(self, trade: Trade) -> None:
        await asyncio.sleep(self.conduct.pays_after_s * (0.5 + self._rng.random()))
        if self._rng.random() < self.conduct.fails_first:
            self.tellers[trade.provider].tell_failed(trade)
        if self._rng.random() < self.conduct.pays and trade.status == UNPAID and not trade.is_past:
            self.pay(trade)

    async def _refunding(self, trade: Trade, refund: Refund) -> None:
        await asyncio.sleep(self.conduct.refunds_take_s)
        fails = self._rng.random() < self.conduct.refunds_fail
        refund.status = "CLOSED" if fails else "SUCCESS"
        refund.done_ms = wall_ms()
        self.trades.keep(trade)
        self.tellers[trade.provider].tell_refunded(trade, refund)

    def _take(self, trade: Trade, amount_minor: int) -> None:
        trade.status, trade.taken_minor, trade.taken_ms = TAKEN, amount_minor, wall_ms()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
