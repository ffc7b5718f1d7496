"""JSON and forms that can be read in one way only: what two readers might see differently is no."""

import json
from typing import Any
from urllib.parse import parse_qsl

from gateway.providers.port import NoticeRefusedError


def json_object(data: bytes) -> dict[str, Any]:
    """UTF-8, an object, no key twice, no NaN; fractions count as nothing.

    Raises NoticeRefusedError("malformed").
    """
    try:
        if data.count(b"{") + data.count(b"[") > 10_000:
            raise ValueError("too many parts")
        found = json.loads(
            data.decode(),
            object_pairs_hook=_once,
            parse_constant=_refused,
            parse_float=_nothing,
        )
    except (ValueError, RecursionError) as error:
        raise NoticeRefusedError("malformed", str(error)[:80]) from None
    if not isinstance(found, dict):
        raise NoticeRefusedError("malformed", "not an object")
    return found


def form(data: bytes) -> dict[str, str]:
    """URL-encoded, UTF-8, no name twice. Raises NoticeRefusedError("malformed")."""
    try:
        pairs = parse_qsl(
            data.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=200,
        )
        return _once(pairs)
    except ValueError:  # which would quote what was sent
        raise NoticeRefusedError("malformed", "not a form, or a name twice") from None


def text(found: Any, *path: str) -> str:
    """A text in there. Raises NoticeRefusedError("malformed")."""
    value = _at(found, path)
    if not isinstance(value, str):
        raise NoticeRefusedError("malformed", ".".join(path))
    return value


def whole(found: Any, *path: str) -> int:
    """A whole number in there, and no boolean. Raises NoticeRefusedError("malformed")."""
    value = _at(found, path)
    if not isinstance(value, int) or isinstance(value, bool):
        raise NoticeRefusedError("malformed", ".".join(path))
    return value


def part(found: Any, *path: str) -> dict[str, Any]:
    """An object in there. Raises NoticeRefusedError("malformed")."""
    value = _at(found, path)
    if not isinstance(value, dict):
        raise NoticeRefusedError("malformed", ".".join(path))
    return value


def _at(found: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _refused(text: str) -> Any:
    raise ValueError(f"{text[:20]} is no number")


def _nothing(_: str) -> None:
    """No fraction is ever asked for: no float is made."""
