"""Who lost the right to come in before his token ended: kept in a file, and obeyed at once."""

from pathlib import Path

import msgspec

from gateway.codes import Refusal
from gateway.storage.files import write_whole
from gateway.tokens import LIFE_MAX_S, Identity

FILE = "revoked.json"
HEARS_S = 2  # whoever shuts himself out hears first that it was done
KEPT_S = max(LIFE_MAX_S.values())  # whatever was minted before has expired by itself


class Revocations:
    """Party -> the moment (seconds since the epoch) up to which its tokens are worth nothing."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        known = self._path.read_bytes() if self._path.exists() else b"{}"
        self._until_s = msgspec.json.decode(known, type=dict[str, int])

    def revoke(self, name: str, now_s: int) -> None:
        """Durable when it returns. Tokens minted from the next second on are good again.

        Raises OSError: then it is so as long as this server lives.
        """
        self._until_s = {k: x for k, x in self._until_s.items() if x > now_s - KEPT_S}
        self._until_s[name] = now_s
        write_whole(self._path, msgspec.json.encode(self._until_s))

    def check(self, who: Identity) -> None:
        """Raises Refusal("unauthenticated")."""
        if who.issued_at_s <= self._until_s.get(who.name, -1):
            raise Refusal("unauthenticated")

    def has_ended(self, who: Identity, now_s: int) -> bool:
        """Whoever is here still was not sent away by the one who revoked it."""
        return who.issued_at_s <= self._until_s.get(who.name, -1) <= now_s - HEARS_S
