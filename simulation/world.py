"""The world: one SimPy clock, one engine, and everyone who talks to it.

The engine's clock and SimPy's are the same: milliseconds since the epoch. The engine is woken
whenever one of its timers is due, so that every record is made at the moment it tells of.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from heapq import heappop, heappush
from typing import Any, get_args

import simpy
from simpy.events import NORMAL

from engine.commands import AnyCommand
from engine.engine import Engine, Record
from engine.events import AnyEvent, CommandRejected
from engine.state import State
from engine.values import Millis
from simulation.people.conduct import Habits
from simulation.streams import RandomStreams

Subscriber = Callable[[Any], None]
Watcher = Callable[[Record], None]
Fold = Callable[[Millis, Any], None]
Heard = tuple[list[Fold], list[Subscriber]]
NOT_WITHIN = "a subscriber answers with after(), not within the call"


class Clock(simpy.Environment):  # type: ignore[misc]  # it has no types
    """SimPy's, and besides its events plain calls at a time: nobody waits for one, none can fail.

    A call in its queue costs a quarter less time than a timeout with a callback.
    """

    def call_at(self, time: int, call: Callable[..., object], args: tuple[Any, ...]) -> None:
        """After everything that was put there for the same moment before."""
        heappush(self._queue, (time, NORMAL, next(self._eid), (call, args)))

    def step(self) -> None:
        """Make all calls that come before the next event, and see to that."""
        queue = self._queue
        while queue and type(queue[0][3]) is tuple:
            self._now, _, _, (call, args) = heappop(queue)
            call(*args)
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
        self._heard: dict[type[Any], Heard | None] = dict.fromkeys(get_args(AnyEvent))
        self._watchers: list[Watcher] = []
        self._wake_at: int | None = None  # the earliest wake-up that is under way
        self._stepping = False
        self.state: State = self.engine.state
        self._timers = self.state.timers

    @property
    def now(self) -> Millis:
        now: Millis = self.env._now
        return now

    def subscribe(self, event: type[Any], subscriber: Subscriber) -> None:
        """Be told of every event of a type, as soon as its turn is over."""
        self._heard_of(event)[1].append(subscriber)

    def fold(self, folds: Mapping[type[Any], Iterable[Fold]]) -> None:
        """Have events counted, with the time of their record, before anybody is told of them.

        The state is as their record left it.
        """
        for event, some in folds.items():
            self._heard_of(event)[0].extend(some)

    def watch(self, watcher: Watcher) -> None:
        """Be given every record, in order."""
        self._watchers.append(watcher)

    def submit(self, command: AnyCommand) -> Record:
        """Step the engine and tell everyone; the command's own record is the answer.

        Subscribers see the state their record left. They answer with `after`, never from within.
        """
        assert not self._stepping, NOT_WITHIN
        self._stepping = True
        now: Millis = self.env._now
        timers = self._timers.heap
        if timers and timers[0][0] <= now:
            self._fire(now)
        record = self.engine.turn(now, command)
        self._tell(record)
        self._stepping = False
        if timers and (self._wake_at is None or timers[0][0] < self._wake_at):
            self._wake_up_at(timers[0][0])
        return record

    def after(self, delay_ms: int, command: AnyCommand) -> None:
        """Submit a command then. The run does not end before."""
        self.unanswered += 1
        self.later(delay_ms, self._submit, command)

    def surely(self, delay_ms: int, call: Callable[..., object], *args: Any) -> None:
        """Call somebody then, who may submit. The run does not end before."""
        self.unanswered += 1
        self.later(delay_ms, self._called, call, args)

    def later(self, delay_ms: int, call: Callable[..., object], *args: Any) -> None:
        """Call somebody then, who may submit."""
        assert delay_ms >= 0
        self.env.call_at(self.env._now + delay_ms, call, args)

    def at(self, time_ms: int, call: Callable[..., object], *args: Any) -> None:
        """The same at a time, which is not over."""
        assert time_ms >= self.env._now
        self.env.call_at(time_ms, call, args)

    def go_on(self) -> None:
        """With an engine that has decided before: be there when its timers are due."""
        timers = self._timers.heap
        if timers and (self._wake_at is None or timers[0][0] < self._wake_at):
            self._wake_up_at(timers[0][0])

    # internals

    def _submit(self, command: AnyCommand) -> None:
        self.unanswered -= 1
        self.submit(command)

    def _called(self, call: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.unanswered -= 1
        call(*args)

    def _heard_of(self, event: type[Any]) -> Heard:
        heard = self._heard[event] = self._heard[event] or ([], [])
        return heard

    def _fire(self, now: Millis) -> None:
        """Fire the timers of this moment, and tell everyone of each."""
        for record in self.engine.turns_due(now):
            assert record.at == now, f"{record.at} came up at {now}"
            self._tell(record)

    def _wake_up_at(self, due: Millis) -> None:
        self._wake_at = due
        self.env.call_at(due, self._wake, (due,))

    def _tell(self, record: Record) -> None:
        for watcher in self._watchers:
            watcher(record)
        events, heard_of = record.events, self._heard
        for event in events:
            heard = heard_of[type(event)]
            if heard is not None:
                for fold in heard[0]:
                    fold(record.at, event)
                for subscriber in heard[1]:
                    subscriber(event)
        if events and type(events[0]) is CommandRejected:
            reason = events[0].reason
            self.rejections[f"{type(record.command).__name__}: {reason}"] += 1

    def _wake(self, due: int) -> None:
        """A command may have come before, and fired the timers of this moment."""
        assert not self._stepping, NOT_WITHIN
        if self._wake_at == due:
            self._wake_at = None
        now, timers = self.now, self._timers.heap
        if timers and timers[0][0] <= now:
            self._stepping = True
            self._fire(now)
            self._stepping = False
        self.go_on()
