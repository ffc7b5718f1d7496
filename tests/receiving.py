"""A receiver of webhooks, as a partner would write one: it checks, remembers, and may be away."""

import base64
import hmac
import json
from hashlib import sha256

from aiohttp import web


class Receiver:
    """`status` is what it answers; what it took is in `events`, in order of arrival."""

    def __init__(self):
        self.status = 200
        self.statuses = {}  # of a kind, or of an event, if it is another
        self.secrets = []
        self.events = []
        self.attempts = []
        self.ids = []
        self.port = 0
        self._runner = None

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *_):
        await self.stop()

    async def start(self):
        app = web.Application()
        app.router.add_post("/events", self._hear)
        app.router.add_post("/elsewhere", self._redirect)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self):
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/events"

    async def _redirect(self, request):
        raise web.HTTPTemporaryRedirect("/events")

    async def _hear(self, request):
        body = await request.read()
        if self.secrets:
            assert is_genuine(request.headers, body, self.secrets)
        event = json.loads(body)
        assert event["id"] == request.headers["webhook-id"]
        self.attempts.append((event["id"], int(request.headers["x-delivery-attempt"])))
        usual = self.statuses.get(event["type"], self.status)
        status = self.statuses.get(event["id"], usual)
        if status == 200:
            self.events.append(event)
        return web.Response(status=status)


def is_genuine(headers, body, secrets):
    """By the rules of Standard Webhooks, written down once more."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    macs = [
        hmac.digest(base64.b64decode(x.removeprefix("whsec_")), signed, sha256) for x in secrets
    ]
    given = headers["webhook-signature"].split(" ")
    return any("v1," + base64.b64encode(x).decode() in given for x in macs)
