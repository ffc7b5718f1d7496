"""What people type, wherever it is in a request, and what is let in of it.

Card numbers are for the payment provider's own page: none gets into the journal. Ids are chosen by
programs and may be long numbers, so that of them only what is written as cards are is taken for
one, and only where somebody chooses them: what is known already can be named, and what a provider
calls a payment is nobody's choice here. Controls and marks that turn the direction of what follows
would make a name look like another one.
"""

import re
import unicodedata
from collections.abc import Callable, Container, Iterator
from typing import Any, NamedTuple, get_args

import msgspec.inspect as shapes

from gateway import messages as m
from gateway.codes import Refusal
from gateway.messages.requests.confiding import Email, Phone
from gateway.messages.values import WORDS_MAX, Id, Ref

LONGEST, SHORTEST = 19, 13  # digits of a card
FIRST = range(2, 7)  # of a card scheme
# Of digits, apart from Latin letters, but not from characters that are written without spaces;
# what a plus leads is a telephone number.
BETWEEN = r"[\s.,/\-\u2010-\u2015\u200b-\u200d\u2060\ufeff]{1,3}"
GROUPS = re.compile(rf"(?<![A-Za-z0-9_+])\d+(?:{BETWEEN}\d+)*(?![A-Za-z0-9_])")
CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
IN_A_LINE = re.compile(f"[{CONTROLS}]")
IN_WORDS = re.compile(f"(?![\n\r\t])[{CONTROLS}]")
IN_AN_ID = re.compile("(?!)")  # its alphabet has none of these
ID_CARD = re.compile(
    r"(?<![A-Za-z0-9])(?:\d{13,19}"
    r"|\d{4}([-._:])\d{4}\1\d{4}\1\d{1,7}"
    r"|\d{4}([-._:])\d{6}\2\d{4,5})(?![A-Za-z0-9])"
)
NO_SCHEME = range(2_000, 2_200)  # begins with a year, and no card does
# What is scanned may be a barcode, and nobody can choose another: GS1's have so many digits.
GTIN_13, GTIN_14, SSCC = 13, 14, 18
GOODS = ("product", "products", "missing", "substitute", "liked", "disliked", "cart", "after")
SCANNED = (*GOODS, "labels", "scanned")
PROVIDERS = (m.ReportAuthorization, m.ReportInstruction)  # their references: money hangs on them
NOT_TYPED = "no control characters or marks of direction"


class Field(NamedTuple):
    """Where a text is, by attributes; "" is each of a list."""

    path: tuple[str, ...]
    unwanted: re.Pattern[str]
    holds_card: Callable[[str], bool]

    @property
    def name(self) -> str:
        return ".".join(x for x in self.path if x)

    def texts(self, body: object) -> Iterator[str]:
        found: list[Any] = [body]
        for step in self.path:
            found = [y for x in found for y in (x if not step else [getattr(x, step)])]
            found = [x for x in found if x is not None]
        yield from (x for x in found if isinstance(x, str))


def _fields(kind: shapes.Type, path: tuple[str, ...] = ()) -> Iterator[Field]:
    match kind:
        case shapes.Metadata():
            yield from _fields(kind.type, path)
        case shapes.StructType():
            for x in kind.fields:
                yield from _fields(x.type, (*path, x.name))
        case shapes.UnionType():
            for known in kind.types:
                yield from _fields(known, path)
        case shapes.ListType():
            yield from _fields(kind.item_type, (*path, ""))
        case shapes.StrType() if kind.pattern in CHOSEN:
            name = next(x for x in reversed(path) if x)
            yield Field(path, IN_AN_ID, is_scanned_card if name in SCANNED else is_card_id)
        case shapes.StrType() if kind.pattern is None or kind.pattern in TYPED:
            long = kind.max_length == WORDS_MAX
            yield Field(path, IN_WORDS if long else IN_A_LINE, holds_card_number)


def holds_card_number(text: str) -> bool:
    """Spaced, dashed or pointed, among other numbers and words, in whatever script its digits are.

    Not if a plus leads it, or Latin letters touch it.
    """
    if len(text) < SHORTEST:
        return False
    plain = unicodedata.normalize("NFKC", text)
    return any(any(_cards(re.findall(r"\d+", x.group()))) for x in GROUPS.finditer(plain))


def is_card_id(text: str, but: Container[int] = ()) -> bool:
    """Whether an id, or what stands between the marks in it, is the number of a card; of those with
    so many digits none is.
    """
    if len(text) < SHORTEST:
        return False
    digits = (re.sub(r"\D", "", x.group()) for x in ID_CARD.finditer(text))
    return any(
        len(x) not in but and int(x[:4]) not in NO_SCHEME and any(_cards([x])) for x in digits
    )


def is_scanned_card(text: str) -> bool:
    return is_card_id(text, (GTIN_13, GTIN_14, SSCC))


UNKEPT = (m.SearchProducts, m.ListCategories, m.FindCustomers)  # barcodes may look like cards
TYPED = tuple(get_args(x)[1].pattern for x in (Phone, Email))
CHOSEN = tuple(get_args(x)[1].pattern for x in (Id, Ref))
FREE_TEXT: dict[type, tuple[Field, ...]] = {
    kind: found
    for kind in get_args(m.RequestBody)
    if kind is not m.SetWebhook  # has an address, which is checked where it is used
    if (found := tuple(dict.fromkeys(_fields(shapes.type_info(kind)))))
}


def is_theirs(body: object, field: Field) -> bool:
    """Chosen by a provider: of random numbers of 16 digits every tenth could be a card's."""
    return isinstance(body, PROVIDERS) and field.path == ("reference",)


def check_free_text(body: object, is_known: Callable[[str], bool] = lambda _: False) -> None:
    """`is_known`: whether an id is somebody's already. Raises Refusal: `card_number`, which is
    neither kept nor repeated, or `malformed`.
    """
    for field in FREE_TEXT.get(type(body), ()):
        for text in field.texts(body):
            if field.unwanted.search(text):
                raise Refusal("malformed", NOT_TYPED, {"field": field.name})
            if isinstance(body, UNKEPT) or is_theirs(body, field) or not field.holds_card(text):
                continue
            if field.unwanted is not IN_AN_ID or not is_known(text):
                raise Refusal("card_number", detail={"field": field.name})


def check_request_id(id: str) -> None:
    """It is kept in the journal, too. Raises Refusal: `card_number`."""
    if is_card_id(id):
        raise Refusal("card_number", detail={"field": "id"})


def _cards(groups: list[str]) -> Iterator[bool]:
    """Of every run of whole groups, as long as a card, whether it is one.

    ISO/IEC 7812-1, annex B: every second digit is doubled, and the last one is not.
    """
    for start, first in enumerate(groups):
        if int(first[0]) not in FIRST:
            continue
        count, sums = 0, [0, 0]  # with the odd digits doubled, and with the even ones
        for group in groups[start:]:
            for digit in map(int, group):
                sums[count % 2] += digit
                sums[(count + 1) % 2] += 2 * digit - 9 * (digit > 4)
                count += 1
            if count > LONGEST:
                break
            if count >= SHORTEST:
                yield sums[(count + 1) % 2] % 10 == 0
