"""How many there are of each: of whom there are none, nothing is kept."""

from typing import TypeVar

Key = TypeVar("Key")


def count(counts: dict[Key, int], key: Key, change: int) -> None:
    """So many more, or fewer if it is below 0."""
    left = counts[key] = counts.get(key, 0) + change
    assert left >= 0
    if not left:
        del counts[key]
