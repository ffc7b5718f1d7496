"""The entrance: a command and a time go in, records come out. No clock, no chance, no I/O."""

from collections.abc import Iterable, Iterator

from msgspec import Raw, Struct

from engine.commands import AnyCommand
from engine.errors import ReplayDivergedError, TimeWentBackwardsError
from engine.events import AnyEvent, CommandRejected, TimerFired
from engine.rejections import Rejected
from engine.state import State
from engine.turn import Turn
from engine.values import Millis, RequestKey
from engine.wiring import wire

if not __debug__:
    raise RuntimeError("run without -O: the engine's assertions are part of the engine")

EPOCH = Millis(0)
EVENTS_PER_TURN_MAX = 100_000
NO_KEY = RequestKey("")
TIMER_FIRED = TimerFired()


class Record(Struct, frozen=True, array_like=True):
    """One turn, as it is written in the journal."""

    seq: int
    at: Millis
    command: AnyCommand
    events: list[AnyEvent]
    key: RequestKey = NO_KEY  # the idempotency key it answers, if a client gave one

    @property
    def rejection(self) -> CommandRejected | None:
        """Why nothing happened, if so."""
        first = self.events[0] if self.events else None
        return first if isinstance(first, CommandRejected) else None


class Outcome(Struct, frozen=True, array_like=True):
    """A record whose command is left unread: enough to repeat a turn, and half the work."""

    seq: int
    at: Millis
    command: Raw
    events: list[AnyEvent]
    key: RequestKey = NO_KEY


class Engine:
    """Same commands, same times, same records: on any machine, on any day."""

    def __init__(self, state: State | None = None, seq: int = 0, now: Millis = EPOCH) -> None:
        self.state = state or State()
        self.seq = seq
        self.now = now
        wiring = wire(self.state)
        self._handler_of = wiring.handler_of
        self._state_of = wiring.state_of
        self._follow_ups = wiring.follow_ups

    # the two ways in

    def step(self, at: Millis, command: AnyCommand, key: RequestKey = NO_KEY) -> list[Record]:
        """Decide a command, after every timer that is due before it. Its record comes last."""
        if self._must_wait(at):
            return [*self.turns_due(at), self.turn(at, command, key)]
        return [self._turn(at, command, key)]

    def turns(self, at: Millis, command: AnyCommand, key: RequestKey = NO_KEY) -> Iterator[Record]:
        """The same, one turn at a time: whoever iterates sees the state each record left."""
        if self._must_wait(at):
            yield from self.turns_due(at)
        yield self.turn(at, command, key)

    def turns_due(self, at: Millis) -> Iterator[Record]:
        """What timers have become due by then, each fired at its own time."""
        if at < self.now:
            raise TimeWentBackwardsError(self.now, at)
        timers = self.state.timers
        heap = timers.heap
        while heap and (due := heap[0][0]) <= at:
            yield self._turn(due, timers.next_command(), NO_KEY, True)

    def turn(self, at: Millis, command: AnyCommand, key: RequestKey = NO_KEY) -> Record:
        """Decide a command, now that no timer is due before it: one turn, one record."""
        timers = self.state.timers.heap
        assert at >= self.now
        assert not timers or timers[0][0] > at
        return self._turn(at, command, key)

    def apply(self, record: Record | Outcome) -> None:
        """Repeat a turn decided earlier, without deciding it again."""
        self.apply_all((record,))

    def apply_all(self, records: Iterable[Record | Outcome]) -> None:
        """The same for many, one after the other: what recovery spends its time with."""
        state_of, remember = self._state_of, self.state.requests.remember
        deliveries = self.state.deliveries
        for record in records:
            if record.seq != self.seq + 1:
                raise ReplayDivergedError(self.seq + 1, record.seq)
            deliveries.now = record.at
            for event in record.events:
                state_of[type(event)](event)
            if record.key:
                remember(record.key, record.seq, record.at)
            self.seq, self.now = record.seq, record.at

    # queries

    def next_due(self) -> Millis | None:
        """When the shell must come back, if nobody submits anything before."""
        return self.state.timers.next_due()

    # internals

    def _must_wait(self, at: Millis) -> bool:
        """For a timer that comes before it, or for ever: it is the past."""
        timers = self.state.timers.heap
        return at < self.now or (bool(timers) and timers[0][0] <= at)

    def _turn(
        self, at: Millis, command: AnyCommand, key: RequestKey, is_timer: bool = False
    ) -> Record:
        turn = Turn(at, self._state_of)
        events, follow_ups = turn.events, self._follow_ups
        self.now = self.state.deliveries.now = at
        if is_timer:
            turn.emit(TIMER_FIRED)
        try:
            self._handler_of[type(command)](turn, command)
        except Rejected as rejected:
            assert len(events) == is_timer
            turn.emit(CommandRejected(rejected.reason, rejected.detail))
        for event in events:  # grows while we iterate: breadth-first, in table order
            for follow_up in follow_ups[type(event)]:
                follow_up(turn, event)
        assert len(events) <= EVENTS_PER_TURN_MAX
        self.seq += 1
        if key:
            self.state.requests.remember(key, self.seq, at)
        return Record(self.seq, at, command, events, key)
