"""The server's time, as seen by its clients: faster than the wall's by a known factor."""

import asyncio
from datetime import UTC, datetime

from engine.values import Millis

BEHIND_MS = 200  # of the wall: never claim a moment the server has not reached yet


class CityTime:
    """Set by every welcome; in between it runs `speed` times as fast as the wall's clock."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self.day_began = Millis(0)  # when this city's first customer may come
        self._at_ms = 0.0
        self._set_at_s = 0.0

    def set(self, rfc3339: str) -> None:
        """What the server just said."""
        self._at_ms = datetime.fromisoformat(rfc3339).timestamp() * 1_000
        self._set_at_s = asyncio.get_running_loop().time()

    def now(self) -> Millis:
        """Milliseconds since the epoch, in the city."""
        passed_s = asyncio.get_running_loop().time() - self._set_at_s
        return Millis(round(self._at_ms + max(0.0, passed_s * 1_000 - BEHIND_MS) * self.speed))

    async def sleep(self, city_ms: float) -> None:
        await asyncio.sleep(max(0.0, city_ms) / 1_000 / self.speed)


def text(at: Millis) -> str:
    """RFC 3339 in UTC, with milliseconds."""
    moment = datetime.fromtimestamp(at / 1_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def millis(rfc3339: str) -> Millis:
    return Millis(round(datetime.fromisoformat(rfc3339).timestamp() * 1_000))
