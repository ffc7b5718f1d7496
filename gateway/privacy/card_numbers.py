"""Card numbers are for the payment provider's own page: none is let into the journal.

Looked for in free text only; ids have their own alphabet and are chosen by programs.
"""

import re
from typing import get_args, get_type_hints

from gateway.codes import Refusal
from gateway.messages import RequestBody
from gateway.messages.values import Reason, Text, Words

# 13 to 19 digits, spaced or dashed anyhow, first digit of a card scheme; nothing longer.
CANDIDATE = re.compile(r"(?<!\w)[2-6](?:[ -]?[0-9]){12,18}(?!\w)")
FREE_TEXT: dict[type, tuple[str, ...]] = {
    kind: names
    for kind in get_args(RequestBody)
    if (
        names := tuple(
            name
            for name, hint in get_type_hints(kind, include_extras=True).items()
            if hint in (Text, Words, Reason)
        )
    )
}


def check_no_card_number(body: object) -> None:
    """Raises Refusal("card_number"): the number is neither kept nor repeated."""
    for name in FREE_TEXT.get(type(body), ()):
        for found in CANDIDATE.finditer(getattr(body, name)):
            digits = [int(x) for x in found.group() if x.isdigit()]
            if _luhn(digits):
                raise Refusal("card_number", detail={"field": name})


def _luhn(digits: list[int]) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right is doubled."""
    doubled = (sum(divmod(2 * x, 10)) for x in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
