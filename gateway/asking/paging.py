"""Which page of what is asked for: after an id, or so many from the oldest."""

from bisect import bisect_right
from typing import TypeVar

from gateway.codes import Refusal

K = TypeVar("K", bound=str)


def page_after(keys: list[K], after: str | None, limit: int) -> tuple[list[K], K | None]:
    """By id, so that pages stay right while what is told of comes and goes; and where to go on."""
    keys.sort()
    start = bisect_right(keys, after) if after is not None else 0
    page = keys[start : start + limit]
    return page, page[-1] if start + limit < len(keys) else None


def position(cursor: str | None, at_most: int) -> int:
    """Where a page ends that is counted from the oldest. Raises Refusal("malformed")."""
    if cursor is None:
        return at_most
    if not cursor.isascii() or not cursor.isdigit() or int(cursor) > at_most:
        raise Refusal("malformed", detail={"field": "cursor"})
    return int(cursor)
