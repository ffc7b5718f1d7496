"""The engine loop: decides commands, makes their records durable, and only then lets them out.

inbox -> turns -> one batch on the journal's thread -> replies and subscribers. While a batch is
on its way to the disk the next one is decided; nothing of it leaves before it is durable too.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from engine.commands import AnyCommand, PlaceOrder, RequestQuote
from engine.engine import NO_KEY, Engine, Record
from engine.values import RequestKey
from gateway.clock import Clock, stopwatch_s
from gateway.latency import Latency
from gateway.running import OwnThread
from gateway.storage.journal import Journal, StorageFullError
from gateway.storage.snapshots import Snapshots
from gateway.storage.taking import SNAPSHOT_EVERY, Snapshotting
from gateway.submissions import (
    NO_ROOM,
    NoRoomError,
    OverloadedError,
    StoppingError,
    SubmissionError,
    UnsettledError,
    must_equal,
)

INBOX_MAX = 10_000  # beyond: everybody is asked to come back later
SALES_MAX = 2_000  # beyond: no new business; what was promised comes first
SALES = (RequestQuote, PlaceOrder)
UNDURABLE_MAX = 2_000  # records decided ahead of the disk
SLICE_S = 0.004  # decide no longer than this before sockets get their turn
WATCH_S = 0.05  # between two looks at the loop's lag, and at a full disk
LOOK_S = 0.5  # between two looks at whether the journal is ours
RETRY_MIN_S, RETRY_MAX_S = 1.0, 30.0

OnRecord = Callable[[Record], None]
OnDurable = Callable[[list[Record]], None]


class Reply(NamedTuple):
    """`replayed`: the key was used before, and this is what was answered then."""

    record: Record
    replayed: bool


class Submission:
    """A command on its way, and everybody who waits for its record."""

    __slots__ = ("command", "key", "replies")

    def __init__(self, command: AnyCommand, key: RequestKey) -> None:
        self.command = command
        self.key = key
        self.replies: list[asyncio.Future[Record]] = []


class EngineLoop:
    """One per engine; `run` is its life. All of it happens on one asyncio loop.

    `feeds` gives the bytes to keep beside each snapshot (storage/recovery.py hands them back).
    """

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        clock: Clock,
        snapshots: Snapshots | None = None,
        feeds: Callable[[], bytes] = bytes,
        snapshot_every: int = SNAPSHOT_EVERY,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.durable_seq = engine.seq
        self.batches = 0
        self.lag_ms = Latency()  # how late the asyncio loop wakes who slept
        self.sync_ms = Latency()  # how long a batch takes to become durable
        self.is_full = False  # no room on the disk: state may be read, nothing is decided
        self.is_stuck = False  # not even for what was decided: state may not be told either
        self._journal = journal
        self._inbox: deque[Submission] = deque()
        self._by_key: dict[RequestKey, Submission] = {}
        self._records: list[Record] = []  # decided, not yet on their way to the disk
        self._answers: list[tuple[Submission, Record]] = []
        self._on_record: list[OnRecord] = []
        self._on_durable: list[OnDurable] = []
        self._asked: deque[tuple[int, asyncio.Future[None]]] = deque()  # until a record is durable
        self._patient: deque[tuple[int, asyncio.Future[None]]] = deque()  # also until there is room
        self._work = asyncio.Event()
        self._decided = asyncio.Event()
        self._thread = OwnThread("journal")
        self.snapshotting = Snapshotting(
            engine, snapshots, feeds, self.until_durable, snapshot_every
        )
        self._per_command_s = 0.0
        self._stopping = False
        self._failure: SubmissionError | None = None

    # who listens

    def on_record(self, callback: OnRecord) -> None:
        """Called right after a turn, the state exactly as it left it. Nothing may leave yet."""
        self._on_record.append(callback)

    def on_durable(self, callback: OnDurable) -> None:
        """Called with every batch once it is durable: now it may be told."""
        self._on_durable.append(callback)

    # who asks

    async def submit(self, command: AnyCommand, key: RequestKey = NO_KEY) -> Reply:
        """Returns when the answer is durable, and not before.

        A key that was used within the last 26 hours gets the first answer if the command is
        equal. Raises SubmissionError: RefusedError if it was not decided and will not be.
        """
        earlier = self._by_key.get(key) if key else None
        if earlier is not None:
            must_equal(command, earlier.command, key)
            return Reply(await self._reply_to(earlier), True)
        seq = self.engine.state.requests.record_of(key) if key else None
        if seq is not None:
            self._must_live()
            if seq > self.durable_seq:
                raise UnsettledError(NO_ROOM)
            record = await self._thread(self._journal.record, seq)
            must_equal(command, record.command, key)
            return Reply(record, True)
        self._admit(command)
        submission = Submission(command, key)
        self._inbox.append(submission)
        if key:
            self._by_key[key] = submission
        self._work.set()
        return Reply(await self._reply_to(submission), False)

    @property
    def is_shedding(self) -> bool:
        """No new business is taken: what was promised comes first."""
        return len(self._inbox) >= SALES_MAX

    def overload(self) -> OverloadedError:
        """How it is told, with when to come back."""
        after_s = len(self._inbox) * self._per_command_s
        return OverloadedError(min(max(after_s, RETRY_MIN_S), RETRY_MAX_S))

    def has_used(self, key: RequestKey) -> bool:
        """For a command, decided or on its way."""
        return key in self._by_key or self.engine.state.requests.record_of(key) is not None

    async def settled(self) -> int:
        """Wait until all that is decided now is durable; returns up to which record.

        For who reads the state: what was read may leave after this. Somebody waits for him, so he
        does not wait for room on the disk. Raises UnsettledError.
        """
        if self.is_stuck:
            self._must_live()
            raise UnsettledError(NO_ROOM)
        return await self._durable(self._asked)

    async def until_durable(self) -> int:
        """The same for whom nobody waits: also until there is room, however long that takes."""
        return await self._durable(self._patient)

    async def _durable(self, waiting: deque[tuple[int, asyncio.Future[None]]]) -> int:
        seq = self.engine.seq
        if self.durable_seq < seq:
            self._must_live()
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waiting.append((seq, done))
            await done
        return seq

    async def records(self, seqs: Sequence[int]) -> list[Record]:
        """As they stand in the journal; they must be durable."""
        return await self._thread(lambda: [self._journal.record(x) for x in seqs])

    @property
    def inbox_size(self) -> int:
        return len(self._inbox)

    def _must_live(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _admit(self, command: AnyCommand) -> None:
        self._must_live()
        if self._stopping:
            raise StoppingError("the engine is stopping")
        if self.is_full:
            raise NoRoomError(NO_ROOM)
        if len(self._inbox) >= INBOX_MAX or (self.is_shedding and isinstance(command, SALES)):
            raise self.overload()

    def _reply_to(self, submission: Submission) -> asyncio.Future[Record]:
        reply: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        submission.replies.append(reply)
        return reply

    # its life

    async def run(self) -> None:
        """Until `stop`. If a turn or an append fails so does this, and the process must end."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._mind_the_room(await self._thread(self._journal.has_room))
                lives = (self._commit_forever, self.snapshotting.run, self._watch)
                servants = [tasks.create_task(live()) for live in lives]
                await self._decide_until_stopped()
                await self.until_durable()
                for servant in servants:
                    servant.cancel()
                await self._last_snapshot()
            self._abandon(StoppingError("the engine has stopped"))
        except BaseExceptionGroup as group:
            self._fail(group.exceptions[0])
            raise group.exceptions[0] from None
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._thread.close()

    def stop(self) -> None:
        """Take no more, finish what was taken, keep a snapshot; then `run` returns."""
        self._stopping = True
        self._work.set()

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, StorageFullError):
            self._abandon(NoRoomError(str(error)))
        else:
            self._abandon(UnsettledError(f"the engine has stopped: {error}"))

    def _abandon(self, failure: SubmissionError) -> None:
        """Everybody who still waits is told, and whoever comes."""
        self._failure = failure
        self._refuse_inbox(failure)
        for submission, _ in self._answers:
            self._refuse(submission, failure)
        self._answers = []
        for waiting in (self._asked, self._patient):
            _let_down(waiting, failure)

    def _refuse_inbox(self, failure: SubmissionError) -> None:
        while self._inbox:
            self._refuse(self._inbox.popleft(), failure)

    def _refuse(self, submission: Submission, failure: SubmissionError) -> None:
        self._by_key.pop(submission.key, None)
        for reply in submission.replies:
            if not reply.done():
                reply.set_exception(failure)

    # deciding

    async def _decide_until_stopped(self) -> None:
        while not (self._stopping and not self._inbox):
            if self._may_decide():
                self._decide_slice()
                await asyncio.sleep(0)  # sockets get their turn
            else:
                await self._until_work()

    def _may_decide(self) -> bool:
        if self.is_full or len(self._records) >= UNDURABLE_MAX:
            return False
        due = self.engine.next_due()
        return bool(self._inbox) or (due is not None and due <= self.clock.now())

    async def _until_work(self) -> None:
        """A command, a timer that is due, room for more, or the end."""
        self._work.clear()
        due, alarm = self.engine.next_due(), None
        if due is not None and not self.is_full and len(self._records) < UNDURABLE_MAX:
            wait_s = self.clock.wall_s_until(due)
            alarm = asyncio.get_running_loop().call_later(wait_s, self._work.set)
        await self._work.wait()
        if alarm is not None:
            alarm.cancel()

    def _decide_slice(self) -> None:
        until_s = stopwatch_s() + SLICE_S
        now, turns = self.clock.now, self.engine.turns
        self._keep(islice(self.engine.turns_due(now()), UNDURABLE_MAX))  # of years, if it was away
        while self._inbox and len(self._records) < UNDURABLE_MAX and stopwatch_s() < until_s:
            submission = self._inbox[0]  # until it is decided: a bug must find it there
            self._keep(turns(now(), submission.command, submission.key))
            self._answers.append((self._inbox.popleft(), self._records[-1]))
        if self._records:
            self._decided.set()

    def _keep(self, turns: Iterable[Record]) -> None:
        for record in turns:
            self._records.append(record)
            for callback in self._on_record:
                callback(record)

    # making durable

    async def _commit_forever(self) -> None:
        while True:
            await self._decided.wait()
            self._decided.clear()
            await self._commit()

    async def _commit(self) -> None:
        records, answers = self._records, self._answers
        self._records, self._answers = [], []
        began_s = stopwatch_s()
        try:
            while (has_room := await self._thread(self._append, records)) is None:
                self._stick(answers + self._answers)
                await asyncio.sleep(WATCH_S)
        except BaseException:
            self._answers = answers + self._answers  # for _abandon to tell
            raise
        self.is_stuck = False
        self._measure(stopwatch_s() - began_s, len(answers))
        self.durable_seq = records[-1].seq
        self._publish(records, answers)
        self._mind_the_room(has_room)
        if has_room:
            self.snapshotting.note(self.durable_seq)
        self._work.set()

    def _append(self, records: list[Record]) -> bool | None:
        """On the journal's thread. Returns whether there is room for more; None: nor for these."""
        try:
            self._journal.append(records)
        except StorageFullError:
            if self._stopping:
                raise
            return None
        return self._journal.has_room()

    def _stick(self, answers: list[tuple[Submission, Record]]) -> None:
        """What was decided is kept, and tried again; nobody waits that long."""
        self.is_stuck = True
        self._mind_the_room(False)
        for submission, _ in answers:
            self._refuse(submission, UnsettledError(NO_ROOM))
        _let_down(self._asked, UnsettledError(NO_ROOM))

    def _publish(self, records: list[Record], answers: list[tuple[Submission, Record]]) -> None:
        for submission, record in answers:
            self._by_key.pop(submission.key, None)
            for reply in submission.replies:
                if not reply.done():  # who asked may have left
                    reply.set_result(record)
        for callback in self._on_durable:
            callback(records)
        for waiting in (self._asked, self._patient):
            while waiting and waiting[0][0] <= self.durable_seq:
                _, done = waiting.popleft()
                if not done.done():
                    done.set_result(None)

    def _measure(self, sync_s: float, answered: int) -> None:
        self.batches += 1
        self.sync_ms.add(sync_s * 1_000)
        if answered:  # moving average of the last ten batches or so
            self._per_command_s += 0.1 * (sync_s / answered - self._per_command_s)

    async def _last_snapshot(self) -> None:
        if not self.is_full:
            digest = await self._thread(self._journal.digest_at, self.engine.seq)
            self.snapshotting.take_here(digest)

    async def _watch(self) -> None:
        look_at_s = stopwatch_s()
        while True:
            began_s = stopwatch_s()
            await asyncio.sleep(WATCH_S)
            self.lag_ms.add(max(0.0, stopwatch_s() - began_s - WATCH_S) * 1_000)
            if began_s >= look_at_s:
                look_at_s = began_s + LOOK_S
                await self._thread(self._journal.must_be_ours)
            if self.is_full:
                self._mind_the_room(await self._thread(self._journal.has_room))
                self._work.set()

    def _mind_the_room(self, has_room: bool) -> None:
        self.is_full = self.is_stuck or not has_room
        if self.is_full:
            self._refuse_inbox(NoRoomError(NO_ROOM))


def _let_down(waiting: deque[tuple[int, asyncio.Future[None]]], failure: SubmissionError) -> None:
    while waiting:
        _, done = waiting.popleft()
        if not done.done():  # who asked may have left
            done.set_exception(failure)
