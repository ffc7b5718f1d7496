"""What must be shown before goods change hands, and whether it was."""

from hmac import compare_digest

from engine.rejections import Detail, RejectionReason

CODE_LENGTH_MIN = 6  # of a collection: one in a million, and only a few tries


def is_same_code(given: str, expected: str) -> bool:
    """In the same time, however much of it is right."""
    return compare_digest(given.encode(errors="replace"), expected.encode(errors="replace"))


def label_fault(labels: list[str], scanned: list[str]) -> tuple[RejectionReason, Detail] | None:
    """Why these are not the bags: one was left, or one is somebody else's. What is on those that
    were left is not told: it is read off them."""
    if not labels:
        return None
    if not scanned:
        return RejectionReason.PROOF_REQUIRED, {"proof": "scan", "at_least": len(labels)}
    left = sum(x not in scanned for x in labels)
    others = [x for x in scanned if x not in labels]
    if left or others:
        return RejectionReason.PROOF_MISMATCH, {"left": left, "not_of_this_order": others}
    return None
