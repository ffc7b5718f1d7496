"""Who is connected, by party. A newcomer too many takes the place of whoever was silent longest."""

from typing import Generic, Protocol, TypeVar

from gateway.codes import Refusal

CLOSE_REPLACED = 4409
SILENT_S = 1.0  # whoever was heard within that time keeps his place


class Present(Protocol):
    """What is asked of a session."""

    @property
    def heard_s(self) -> float: ...
    def close_soon(self, code: int, reason: str) -> None: ...


S = TypeVar("S", bound=Present)


class Roll(Generic[S]):
    """The silent one is first of all a connection that died unnoticed, so nobody is locked out by
    his own; but who is in the middle of talking is not cut off.
    """

    def __init__(self) -> None:
        self._sessions: dict[str, dict[S, None]] = {}

    def enter(self, session: S, name: str, at_most: int, now_s: float) -> None:
        """Raises Refusal("too_many_connections")."""
        present = self._sessions.setdefault(name, {})
        if len(present) >= at_most:
            silent = min(present, key=lambda x: x.heard_s)
            if now_s - silent.heard_s < SILENT_S:
                raise Refusal("too_many_connections", retry_after_s=SILENT_S)
            del present[silent]
            silent.close_soon(CLOSE_REPLACED, "replaced")
        present[session] = None

    def leave(self, session: S, name: str) -> None:
        present = self._sessions.get(name)
        if present is not None:
            present.pop(session, None)
            if not present:
                del self._sessions[name]

    def all(self) -> list[S]:
        return [session for present in self._sessions.values() for session in present]

    def close_all_of(self, name: str, code: int, reason: str) -> None:
        for session in list(self._sessions.get(name, ())):
            session.close_soon(code, reason)
