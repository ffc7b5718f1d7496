"""What must be shown before goods change hands, and whether it was."""

from hmac import compare_digest

CODE_LENGTH_MIN = 6  # of a collection: one in a million, and only a few tries


def is_same_code(given: str, expected: str) -> bool:
    """In the same time, however much of it is right."""
    return compare_digest(given.encode(errors="replace"), expected.encode(errors="replace"))
