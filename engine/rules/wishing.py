"""What whoever orders may wish for, should something be missing."""

from collections.abc import Sequence

from engine.rejections import Detail
from engine.rejections import RejectionReason as Reason
from engine.rules.bounds import LINES
from engine.state.products import Products
from engine.values import Instead, Rescue


def wish_fault(
    products: Products, if_missing: Sequence[Rescue], instead: Sequence[Instead]
) -> tuple[Reason, Detail] | None:
    """Each wish once, a substitute for each thing at most, of what is known."""
    if not if_missing and not instead:
        return None
    if len(dict.fromkeys(if_missing)) < len(if_missing):
        return Reason.MALFORMED, {"field": "if_missing"}
    named = dict.fromkeys(x.missing for x in instead)
    is_apt = bool(instead) is (Rescue.SUBSTITUTE in if_missing)
    if len(instead) > LINES or len(named) < len(instead) or not is_apt:
        return Reason.MALFORMED, {"field": "instead"}
    for product in (y for x in instead for y in (x.missing, x.substitute)):
        if not products.get(product):
            return Reason.UNKNOWN, {"what": "product", "id": product}
    return None
