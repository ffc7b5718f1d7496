"""What must be shown before goods change hands, and whether it was."""

from collections.abc import Iterable
from hmac import compare_digest

from engine.rejections import Detail, RejectionReason
from engine.state.products import Products
from engine.values import PricedLine, ProductId

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


def age_checked_goods(products: Products, lines: Iterable[PricedLine]) -> list[ProductId]:
    """Those of these goods that nobody is given whose age was not looked at, as they are now."""
    return [
        line.product
        for line in lines
        if products[line.product].age_check
        or any(products[x.product].age_check for x in line.components)
    ]


def age_fault(
    products: Products, lines: Iterable[PricedLine], *, checked: bool
) -> tuple[RejectionReason, Detail] | None:
    found = [] if checked else age_checked_goods(products, lines)
    return (RejectionReason.AGE_CHECK_REQUIRED, {"products": [*found]}) if found else None
