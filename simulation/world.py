"""The world: one SimPy clock, one engine, and everyone who talks to it.

The engine's clock and SimPy's are the same: milliseconds since the epoch. The engine is woken
whenever one of its timers is due, so that every record is made at the moment it tells of.
"""

from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

import simpy
from simpy.events import NORMAL

from engine.commands import AnyCommand
from engine.engine import Engine, Record
from engine.events import CommandRejected
from engine.state import State
from engine.values import Millis
from simulation.people.conduct import Habits
from simulation.streams import RandomStreams

Subscriber = Callable[[Any], None]
Watcher = Callable[[Record], None]


class Clock(simpy.Environment):  # type: ignore[misc]  # it has no types
    """SimPy's, and besides its events plain calls at a time: nobody waits for one, none can fail.

    A call in its queue costs a quarter less time than a timeout with a callback.
    """

    def call_at(self, time: int, call: Callable[..., object], args: tuple[Any, ...]) -> None:
        """After everything that was put there for the same moment before."""
        heappush(self._queue, (time, NORMAL, next(self._eid), (call, args)))

    def step(self) -> None:
        """Make the next call, or see to the next event."""
        queue = self._queue
        if queue and type(queue[0][3]) is tuple:
            self._now, _, _, (call, args) = heappop(queue)
            call(*args)
        else:
            super().step()


class World:
    """Everyone outside is told what happened, and answers later, with a command."""

    def __init__(
        self,
        seed: int,
        starts_ms: Millis,
        engine: Engine | None = None,
        habits: Habits | None = None,
    ) -> None:
        self.env = Clock(initial_time=int(starts_ms))
        self.streams = RandomStreams(seed)
        self.habits = habits or Habits(self.streams)
        self.engine = engine or Engine()
        self.unanswered = 0  # commands that somebody is going to submit
        self.rejections: Counter[str] = Counter()  # "Command: reason"
        self._subscribers: dict[type[Any], list[Subscriber]] = {}
        self._watchers: list[Watcher] = []
        self._wake_at: int | None = None  # the earliest wake-up that is under way
        self._stepping = False
        self.state: State = self.engine.state
        self._next_due = self.state.timers.next_due

    @property
    def now(self) -> Millis:
        now: Millis = self.env.now
        return now

    def subscribe(self, event: type[Any], subscriber: Subscriber) -> None:
        """Be told of every event of a type, as soon as its turn is over."""
        self._subscribers.setdefault(event, []).append(subscriber)

    def watch(self, watcher: Watcher) -> None:
        """Be given every record, in order."""
        self._watchers.append(watcher)

    def submit(self, command: AnyCommand) -> Record:
        """Step the engine and tell everyone; the command's own record is the answer.

        Subscribers see the state their record left. They answer with `after`, never from within.
        """
        now = self._begin()
        record = self.engine.turn(now, command)
        self._tell(record)
        self._end()
        return record

    def after(self, delay_ms: int, command: AnyCommand) -> None:
        """Submit a command then. The run does not end before."""
        self.unanswered += 1
        self.at(self.env.now + delay_ms, self._submit, command)

    def surely(self, delay_ms: int, call: Callable[..., object], *args: Any) -> None:
        """Call somebody then, who may submit. The run does not end before."""
        self.unanswered += 1
        self.at(self.env.now + delay_ms, self._called, call, args)

    def later(self, delay_ms: int, call: Callable[..., object], *args: Any) -> None:
        """Call somebody then, who may submit."""
        assert delay_ms >= 0
        self.env.call_at(self.env.now + delay_ms, call, args)

    def at(self, time_ms: int, call: Callable[..., object], *args: Any) -> None:
        """The same at a time, which is not over."""
        assert time_ms >= self.env.now
        self.env.call_at(time_ms, call, args)

    def go_on(self) -> None:
        """With an engine that has decided before: be there when its timers are due."""
        self._end()

    # internals

    def _submit(self, command: AnyCommand) -> None:
        self.unanswered -= 1
        self.submit(command)

    def _called(self, call: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.unanswered -= 1
        call(*args)

    def _begin(self) -> Millis:
        """Fire the timers of this moment, and tell everyone of each."""
        assert not self._stepping, "a subscriber answers with after(), not within the call"
        self._stepping = True
        now = self.now
        due = self._next_due()
        if due is not None and due <= now:
            for record in self.engine.turns_due(now):
                assert record.at == now, f"{record.at} came up at {now}"
                self._tell(record)
        return now

    def _end(self) -> None:
        """See when the engine is due next."""
        self._stepping = False
        due = self._next_due()
        if due is not None and (self._wake_at is None or due < self._wake_at):
            self._wake_at = due
            self.at(due, self._wake, due)

    def _tell(self, record: Record) -> None:
        for watcher in self._watchers:
            watcher(record)
        if record.events and type(record.events[0]) is CommandRejected:
            reason = record.events[0].reason
            self.rejections[f"{type(record.command).__name__}: {reason}"] += 1
        subscribers = self._subscribers
        for event in record.events:
            kind = type(event)
            if kind in subscribers:
                for subscriber in subscribers[kind]:
                    subscriber(event)

    def _wake(self, due: int) -> None:
        """A command may have come before, and fired the timers of this moment."""
        if self._wake_at == due:
            self._wake_at = None
        self._begin()
        self._end()
