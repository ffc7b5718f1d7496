"""Where providers call, and where operators bring bills: HTTP with bodies, on a port of its own.

Of a notice the signature is checked first, over the bytes as they came; it is acknowledged when
what it says is durable, in the words its provider wants to hear.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import date
from ssl import SSLContext

from aiohttp import web

from engine.values import ProviderId
from gateway.clock import stopwatch_s, wall_s
from gateway.codes import Refusal
from gateway.listening import Listening, json_answer
from gateway.providers.bookkeeper import BillRefusedError, Bookkeeper
from gateway.providers.notices import Notices
from gateway.providers.port import (
    BODY_MAX_BYTES,
    Acknowledgment,
    BillError,
    NoticeRefusedError,
    Provider,
    TryAgainError,
)
from gateway.providers.reports import Tally
from gateway.submissions import SubmissionError

BILL_MAX_BYTES = 64 * 1024 * 1024
READ_S, HEAR_S = 5.0, 4.0  # WeChat waits for five seconds
BILL_READ_S = 120.0
ROTATE_EVERY_S = 60.0
AT_ONCE = 256
log = logging.getLogger("o2o.payments")

MayBringBills = Callable[[str], None]  # a token; raises Refusal


class Webhooks(Listening):
    """`async with Webhooks(...) as webhooks`: listening; `port` says where."""

    def __init__(
        self,
        providers: Mapping[ProviderId, Provider],
        notices: Notices,
        tally: Tally,
        bookkeeper: Bookkeeper,
        may_bring_bills: MayBringBills,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: SSLContext | None = None,
    ) -> None:
        self._providers = providers
        self._notices = notices
        self._tally = tally
        self._bookkeeper = bookkeeper
        self._may_bring_bills = may_bring_bills
        self._rotated_s = dict.fromkeys(providers, -ROTATE_EVERY_S)
        self._slots = asyncio.Semaphore(AT_ONCE)
        app = web.Application(client_max_size=BILL_MAX_BYTES)
        app.router.add_post("/webhooks/{provider}", self._notice)
        app.router.add_post("/bills/{provider}/{day}", self._bill)
        super().__init__(app, host, port, keepalive_s=15, shutdown_s=2.0, tls=tls)

    # notices

    async def _notice(self, request: web.Request) -> web.Response:
        provider = self._providers.get(ProviderId(request.match_info["provider"]))
        if provider is None:
            return web.Response(status=404)
        if (request.content_length or 0) > BODY_MAX_BYTES:
            return _response(provider.refused(413, "too_large"))
        async with self._slots:
            body = await _read(request, BODY_MAX_BYTES, READ_S)
            if body is None:
                return _response(provider.refused(413, "too_large"))
            return _response(await self._answer(provider, request.headers, body))

    async def _answer(
        self, provider: Provider, headers: Mapping[str, str], body: bytes
    ) -> Acknowledgment:
        try:
            async with asyncio.timeout(HEAR_S):
                try:
                    news = provider.hear(headers, body, wall_s())
                except NoticeRefusedError as error:
                    if error.code != "unknown_serial" or not await self._rotate(provider):
                        raise
                    news = provider.hear(headers, body, wall_s())
                await self._notices.heard(provider, news)
        except NoticeRefusedError as error:
            self._tally.notices_refused += 1
            log.warning("%s: a notice was refused: %s", provider.name, error)
            return provider.refused(400, error.code)
        except SubmissionError as error:
            return provider.refused(503, error.code)
        except TimeoutError:
            return provider.refused(503, "too_slow")
        return provider.taken()

    async def _rotate(self, provider: Provider) -> bool:
        """Not more than once a minute: anybody can send a serial that nobody knows."""
        now_s = stopwatch_s()
        if now_s - self._rotated_s[provider.name] < ROTATE_EVERY_S:
            return False
        self._rotated_s[provider.name] = now_s
        try:
            return await provider.rotate()
        except Exception as error:  # whatever it is, the notice is not believed
            log.warning("%s: no newer keys: %s", provider.name, error)
            return False

    # bills

    async def _bill(self, request: web.Request) -> web.Response:
        provider = self._providers.get(ProviderId(request.match_info["provider"]))
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            self._may_bring_bills(token if scheme == "Bearer" else "")
            day = date.fromisoformat(request.match_info["day"])
        except Refusal as refusal:
            return json_answer(403, {"code": refusal.error.code})
        except ValueError:
            return json_answer(400, {"code": "malformed", "field": "day"})
        if provider is None:
            return json_answer(404, {"code": "unknown", "what": "provider"})
        data = await _read(request, BILL_MAX_BYTES, BILL_READ_S)
        if data is None:
            return json_answer(413, {"code": "too_large"})
        try:
            early = request.query.get("early") == "yes"
            told = await self._bookkeeper.reconcile(provider, day, data or None, early=early)
        except BillError as error:
            return json_answer(422, {"code": "not_a_bill", "message": str(error)})
        except BillRefusedError as error:
            return json_answer(409, {"code": error.code})
        except TryAgainError as error:
            return json_answer(503, {"code": "not_yet", "message": str(error)})
        except SubmissionError as error:
            return json_answer(503, {"code": error.code})
        found = self._bookkeeper.differences(told)
        return json_answer(200, {"reconciliation": told, "differences": found})


async def _read(request: web.Request, at_most: int, within_s: float) -> bytes | None:
    """None: there is more than that, or it comes too slowly."""
    data = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for chunk in request.content.iter_any():
                data += chunk
                if len(data) > at_most:
                    return None
    except TimeoutError:
        return None
    return bytes(data)


def _response(answer: Acknowledgment) -> web.Response:
    if not answer.body:
        return web.Response(status=answer.status)
    return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)
