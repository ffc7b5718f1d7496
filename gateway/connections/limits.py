"""How much one party may ask, and how many may be here at once: what one sends costs only him."""

import asyncio

from msgspec import Struct, field
from msgspec.structs import replace

from gateway.messages import Role
from gateway.messages.frames import HELLO_WITHIN_S


class RoleLimits(Struct, frozen=True):
    """Frames a second sustained and at once; connections; requests not yet answered on each."""

    frames_per_s: float
    burst: int
    connections: int
    in_flight: int


USUAL: dict[Role, RoleLimits] = {
    "courier": RoleLimits(20, 100, 2, 16),
    "tracker": RoleLimits(5, 200, 2, 4),
    "monitor": RoleLimits(2, 20, 2, 4),
    "fleet": RoleLimits(100, 1_000, 16, 128),
    "customer": RoleLimits(2, 20, 8, 4),
    "store": RoleLimits(100, 1_000, 16, 128),
    "order_service": RoleLimits(2_000, 5_000, 64, 1_024),
    "payment_provider": RoleLimits(2_000, 5_000, 64, 1_024),
    "operator": RoleLimits(1_000, 5_000, 512, 1_024),
    "crm": RoleLimits(1_000, 5_000, 64, 1_024),
}


OUR_FILES_MAX = 512  # journal, vault, snapshots, webhooks under way, and what else we open


class Limits(Struct, frozen=True):
    """Of one gateway. Sizes in bytes, times in seconds of the wall's clock."""

    connections: int = 12_000  # of who said hello: one more is told `server_full`
    sockets: int = 15_000  # those who are still to say who they are included: these give way
    backlog: int = 1_024  # of sockets not accepted yet
    mute: int = 3_000  # of who has not said a byte: the oldest give way
    message_bytes: int = 64 * 1024
    queued_messages: int = 4
    open_s: float = 10.0  # of a handshake: shorter, and of many at once most come back for another
    hello_s: float = HELLO_WITHIN_S
    heartbeat_s: float = 5.0
    ping_s: float = 5.0
    close_s: float = 2.0
    write_soft_bytes: int = 64 * 1024  # above: the peer has `stuck_s` to read on
    write_hard_bytes: int = 1024 * 1024  # above: it is cut at once
    stuck_s: float = 5.0
    malformed: int = 10  # frames of one connection before it is closed
    throttled: int = 200
    overload_rest_s: float = 0.25  # nothing is read of who was told `overloaded`, for so long
    roles: dict[Role, RoleLimits] = field(default_factory=USUAL.copy)

    def within(self, files: int) -> "Limits":
        """The same where a process may have so many files open: strangers never take the last."""
        sockets = min(self.sockets, files - min(OUR_FILES_MAX, files // 4))
        mute = min(self.mute, sockets // 3)
        return replace(
            self,
            sockets=sockets,
            connections=min(self.connections, sockets - mute),
            mute=mute,
            backlog=min(self.backlog, max(1, (files - sockets) // 2)),
        )


class Slots:
    """Requests under way of one connection, whose only reader waits until there is room."""

    __slots__ = ("_free", "_reader")

    def __init__(self, at_most: int) -> None:
        self._free = at_most
        self._reader: asyncio.Future[None] | None = None

    async def take(self) -> None:
        if not self._free:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
            self._reader = None
        self._free -= 1

    def give_back(self) -> None:
        self._free += 1
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


class Bucket:
    """A token bucket: holds `burst`, refills `rate` a second. Time is an input, in seconds."""

    __slots__ = ("_at_s", "_burst", "_filled", "_rate")

    def __init__(self, rate: float, burst: int, now_s: float) -> None:
        self._rate = rate
        self._burst = burst
        self._filled = float(burst)
        self._at_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Takes one and returns 0, or takes none and says how long until there is one."""
        self._refill(now_s)
        if self._filled >= 1:
            self._filled -= 1
            return 0.0
        return (1 - self._filled) / self._rate

    def is_full(self, now_s: float) -> bool:
        """Then it can be forgotten: a new one would be the same."""
        self._refill(now_s)
        return self._filled >= self._burst

    def _refill(self, now_s: float) -> None:
        passed = max(0.0, now_s - self._at_s)
        self._filled = min(self._burst, self._filled + passed * self._rate)
        self._at_s = now_s


class Buckets:
    """One per party, whatever number of connections it has; forgotten once full and unused."""

    PRUNED_AT = 1_024

    def __init__(self, roles: dict[Role, RoleLimits]) -> None:
        self._roles = roles
        self._buckets: dict[str, Bucket] = {}
        self._prune_at = self.PRUNED_AT

    def of(self, name: str, role: Role, now_s: float) -> Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            self._prune(now_s)
            limits = self._roles[role]
            bucket = self._buckets[name] = Bucket(limits.frames_per_s, limits.burst, now_s)
        return bucket

    def __len__(self) -> int:
        return len(self._buckets)

    def _prune(self, now_s: float) -> None:
        """Amortized: looks at all of them only after their number has doubled."""
        if len(self._buckets) < self._prune_at:
            return
        self._buckets = {k: x for k, x in self._buckets.items() if not x.is_full(now_s)}
        self._prune_at = max(self.PRUNED_AT, 2 * len(self._buckets))
