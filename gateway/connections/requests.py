"""What one connection asks for: put to the engine in the order it came, answered once durable."""

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from engine.values import RequestKey
from gateway import messages as m
from gateway.asking.explaining import explain_order
from gateway.asking.reading import READS, read
from gateway.auth import HOOKING, check_may_ask
from gateway.codes import Refusal
from gateway.connections.desk import Desk
from gateway.connections.limits import RoleLimits, Slots
from gateway.deeds import DEEDS
from gateway.forking.jobs import FORKING
from gateway.locating.looking import get_trail
from gateway.locating.ways import get_way
from gateway.loop import Reply
from gateway.messages.frames import RequestFrame
from gateway.privacy.free_text import check_free_text, check_request_id
from gateway.privacy.keeper import PERSONAL, WITH_WORDS
from gateway.privacy.known_ids import is_known
from gateway.submissions import (
    NO_ROOM,
    NoRoomError,
    OverloadedError,
    SubmissionError,
)
from gateway.telling.shelves import list_movements
from gateway.tokens import Identity
from gateway.translation import command_of, rejection_error, reply_of, submission_error
from gateway.wire import Codec

log = logging.getLogger("o2o.gateway")

AT_ONCE = 8  # requests of one connection, before it is somebody else's turn
CLOSE_REVOKED = 4401
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
SHED = frozenset(str(x.__struct_config__.tag) for x in (m.RequestQuote, m.PlaceOrder))
# Nothing of these enters the journal.
QUESTIONS = (READS | PERSONAL | HOOKING | FORKING) | {
    m.ExplainOrder,
    m.ListMovements,
    m.InspectMovements,
    m.GetTrail,
    m.GetWay,
    m.GetPayment,
    m.StartPayment,
    m.RevokeAccess,
}


class Requests:
    """Of one session. `send` takes what is answered; `rests_until_s` is when to read on."""

    def __init__(
        self, desk: Desk, codec: Codec, limits: RoleLimits, send: Callable[[m.Reply], None]
    ) -> None:
        self.rests_until_s = 0.0  # on the stopwatch
        self._desk = desk
        self._codec = codec
        self._send = send
        self._slots = Slots(limits.in_flight)
        self._answering: set[asyncio.Task[None]] = set()
        self._count = 0

    async def take(self, who: Identity, frame: RequestFrame) -> None:
        """Starts it, and returns when there is a free slot for the next."""
        desk, command, key = self._desk, None, RequestKey(f"{who.name}/{frame.id}")
        if self._is_shed(frame, key):
            self._overloaded(frame.id, self._desk.loop.overload())
            await self._others_turn()
            return
        try:
            body = self._codec.request_body(frame.body)
            check_may_ask(who, body)
            check_free_text(body, partial(is_known, desk.loop.engine.state))
            if not desk.deeds.has_used(key) and not desk.loop.has_used(key):  # chosen now
                check_request_id(frame.id)
            desk.cashier.check(body)
            if type(body) not in QUESTIONS:
                command = command_of(body, who, self._currency)
            give_back = self._taken(key, command, body)
        except Refusal as refusal:
            self.refuse(frame.id, error=refusal.error)
            return
        try:
            await self._slots.take()
        except asyncio.CancelledError:
            give_back()
            raise
        if type(body) in DEEDS:
            work = self._do(who, frame.id, body, key)
        elif command is None:
            work = self._read(who, frame.id, body, key)
        elif type(body) in WITH_WORDS:
            submit = partial(desk.keeper.submit, body, who, command, key)
            work = self._submit(frame.id, submit)
        else:
            work = self._submit(frame.id, partial(desk.loop.submit, command, key))
        task = asyncio.get_running_loop().create_task(work)
        self._answering.add(task)
        task.add_done_callback(self._answered)
        task.add_done_callback(lambda _: give_back())
        await self._others_turn()

    def refuse(self, id: str, error: m.Error) -> None:
        """Before anything was asked of anybody."""
        self._send(m.Reply(id, self._desk.loop.durable_seq, error=error))

    def end(self) -> None:
        """Nobody is there any more to hear what is still under way: only the waiting ends."""
        for task in self._answering:
            task.cancel()

    # internals

    def _is_shed(self, frame: RequestFrame, key: RequestKey) -> bool:
        """At a glance: a no may not cost what a yes does. But what was decided is answered."""
        loop = self._desk.loop
        if not loop.is_shedding or self._codec.kind_asked(frame.body) not in SHED:
            return False
        return not loop.has_used(key)

    def _overloaded(self, id: str, error: OverloadedError) -> None:
        """And read no more for a while: floods meet a full socket."""
        self.rests_until_s = self._desk.monotonic_s() + self._desk.limits.overload_rest_s
        self.refuse(id, error=submission_error(error))

    async def _others_turn(self) -> None:
        self._count += 1
        if self._count % AT_ONCE == 0:
            await asyncio.sleep(0)

    def _taken(self, key: RequestKey, command: Any, body: m.RequestBody) -> Callable[[], None]:
        """The engine knows the keys of commands, and who keeps deeds those of deeds; of what is on
        its way to either the desk does, until what is returned is called. Raises Refusal.
        """
        desk, is_deed = self._desk, type(body) in DEEDS
        taken = command is not None and desk.deeds.has_used(key)
        if taken or (is_deed and desk.loop.has_used(key)):
            raise Refusal("idempotency_conflict")
        if command is None and not is_deed:
            return _nothing
        desk.keys.take(key, is_deed)
        return partial(desk.keys.give_back, key, is_deed)

    async def _submit(self, id: str, submit: Callable[[], Awaitable[Reply]]) -> None:
        try:
            record = (await submit()).record
        except OverloadedError as error:
            self._overloaded(id, error)
            return
        except SubmissionError as error:
            self.refuse(id, error=submission_error(error))
            return
        except Refusal as refusal:
            self.refuse(id, error=refusal.error)
            return
        rejected = record.rejection
        if rejected is not None:
            self._send(m.Reply(id, record.seq, error=rejection_error(rejected)))
            return
        self._send(m.Reply(id, record.seq, reply_of(record, self._currency)))

    async def _read(self, who: Identity, id: str, body: m.RequestBody, key: RequestKey) -> None:
        """Nothing is told before it is durable, not even by way of a question."""
        loop = self._desk.loop
        try:
            if loop.is_stuck:  # nothing that is read could be told
                raise NoRoomError(NO_ROOM)
            told = await self._told(who, body, key)
            seq = await loop.settled()  # if not, what was asked for may be done all the same
        except Refusal as refusal:
            self.refuse(id, error=refusal.error)
            return
        except SubmissionError as error:
            self.refuse(id, error=submission_error(error))
            return
        self._send(m.Reply(id, seq, told))

    async def _do(self, who: Identity, id: str, body: m.RequestBody, key: RequestKey) -> None:
        """An effect that is no record: the first answer, whoever asks again."""
        desk = self._desk
        try:
            said = await desk.deeds.answer(body, key, partial(self._told, who, body, key))
            self._send(m.Reply(id, said.seq, said.body, said.error))
        except Refusal as refusal:
            self.refuse(id, error=refusal.error)
        except SubmissionError as error:
            self.refuse(id, error=submission_error(error))
        except Exception:  # in the log by now, of whoever did it
            self.refuse(id, error=Refusal("unsettled").error)
        finally:
            if isinstance(body, m.RevokeAccess):
                self._end_if_revoked(who)

    async def _told(
        self, who: Identity, body: m.RequestBody, key: RequestKey
    ) -> m.ReplyBody | None:
        """By whoever keeps it; most is read from the state. Raises Refusal."""
        desk, engine = self._desk, self._desk.loop.engine
        if type(body) in PERSONAL:
            return await desk.keeper.answer(body, who, key)
        if type(body) in HOOKING:
            return await desk.hooks.answer(body, who, key)
        match body:
            case m.ListMovements() | m.InspectMovements():
                return await list_movements(body, who, desk.loop, desk.feeds)
            case m.StartFork() | m.GetFork():
                return desk.forks.answer(body, key)
            case m.ExplainOrder():
                return explain_order(body, who, engine, desk.objective)
            case m.GetTrail():
                return await get_trail(body, who, engine, desk.trails)
            case m.GetWay():
                return await get_way(body, who, engine, desk.ways)
            case m.GetPayment():
                return desk.cashier.payment(body, who, engine)
            case m.StartPayment():
                return await desk.cashier.start(body, who, engine)
            case m.RevokeAccess():
                self._revoke(f"{body.role}:{body.subject}", who)
                return None
        now, wall_ms = desk.loop.clock.now(), desk.wall_ms()
        return read(body, who, engine, desk.tokens, wall_ms, desk.feeds, now)

    def _revoke(self, name: str, who: Identity) -> None:
        """No business of the engine's; rare enough to wait for the disk right here. What no disk
        takes holds for now all the same. Raises Refusal.
        """
        desk = self._desk
        desk.hooks.suspend(name)
        if name != who.name:
            desk.roll.close_all_of(name, CLOSE_REVOKED, "revoked")
        try:
            desk.revocations.revoke(name, desk.wall_ms() // 1_000)
        except OSError as error:
            log.error("a revocation cannot be kept: %s", error)
            raise Refusal("storage_full" if error.errno in NO_SPACE else "unsettled") from None

    def _end_if_revoked(self, who: Identity) -> None:
        """Whoever shuts himself out hears first that it was done."""
        try:
            self._desk.revocations.check(who)
        except Refusal:
            self._desk.roll.close_all_of(who.name, CLOSE_REVOKED, "revoked")

    @property
    def _currency(self) -> str:
        return self._desk.loop.engine.state.settings.current.currency

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._slots.give_back()
        self._answering.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a request was not answered: %r", error, exc_info=error)


def _nothing() -> None:
    """Questions have no keys."""
