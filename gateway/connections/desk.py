"""What every session of a gateway shares, and what it needs of loop and feeds."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from engine.engine import NO_KEY, Engine, Record
from engine.values import Millis, RequestKey
from gateway import messages as m
from gateway.asking.paying import Cashier
from gateway.asking.reading import Indexes
from gateway.clock import Clock
from gateway.connections.keys import Keys
from gateway.connections.limits import Buckets, Limits
from gateway.connections.roll import Roll
from gateway.deeds import Deeds
from gateway.forking.jobs import Forks
from gateway.hooks.office import HookOffice
from gateway.locating.devices import Devices
from gateway.locating.fixes import Fixes
from gateway.locating.trails import Trails
from gateway.locating.ways import Ways
from gateway.loop import Reply
from gateway.metrics import Counters
from gateway.privacy.keeper import Keeper
from gateway.revocations import Revocations
from gateway.submissions import OverloadedError
from gateway.telling.shelves import Remembered
from gateway.tokens import Tokens

if TYPE_CHECKING:
    from gateway.connections.sessions import Session


class Loop(Protocol):
    """What the gateway needs of an EngineLoop."""

    @property
    def engine(self) -> Engine: ...
    @property
    def durable_seq(self) -> int: ...
    @property
    def is_stuck(self) -> bool: ...
    @property
    def clock(self) -> Clock: ...
    async def submit(self, command: Any, key: RequestKey = NO_KEY) -> Reply: ...
    @property
    def is_shedding(self) -> bool: ...
    def overload(self) -> OverloadedError: ...
    def has_used(self, key: RequestKey) -> bool: ...
    async def settled(self) -> int: ...
    async def records(self, seqs: Sequence[int]) -> list[Record]: ...


class Feeds(Indexes, Remembered, Protocol):
    """What sessions need of a FeedHub."""

    def subscribe(
        self, to: "Session", feed: m.Feed, subject: str, last_seen: int | None
    ) -> None: ...
    def unsubscribe(self, who: "Session", feed: m.Feed) -> None: ...
    def drop(self, who: "Session") -> None: ...


class Desk(Struct, kw_only=True):
    """What every session of a gateway shares."""

    loop: Loop
    feeds: Feeds
    fixes: Fixes
    tokens: Tokens
    limits: Limits
    buckets: Buckets
    revocations: Revocations
    counters: Counters
    roll: "Roll[Session]"
    wall_ms: Callable[[], Millis]  # tokens expire by the date
    monotonic_s: Callable[[], float]
    deeds: Deeds
    keeper: Keeper
    cashier: Cashier
    hooks: HookOffice
    trails: Trails
    ways: Ways
    devices: Devices
    forks: Forks
    objective: Any = None  # the planner plans by it, if there is one
    keys: Keys = field(default_factory=Keys)
