"""What no command may exceed, whatever it asks for: sizes that fit every column and every book.

Checked by type, for every command from outside, before its handler sees it: so that no sum of
accepted numbers ever leaves 64 bits, and no handler has to think of it.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NewType, get_args, get_origin, get_type_hints

from engine.commands import Command
from engine.rejections import Detail
from engine.values import HOUR, Line, Millis, Minor, PricedLine
from geo.points import Point, PointError

ID_CHARACTERS = 200
TEXT_CHARACTERS = 1_000
LINES = 200
IDS = 1_000  # in one list
COUNT = 10**6  # of pieces, of load
AMOUNT_MINOR = 10**12
TIME_MS = 10**14  # the year 5138
DURATION_MS = 24 * HOUR


class Bounds:
    """Of one type of command. What has other types is checked by whoever knows them."""

    def __init__(self, command: type[Command]) -> None:
        hints = get_type_hints(command)
        kinds = [(name, hints[name]) for name in command.__struct_fields__]
        values = command.__struct_defaults__
        optional = command.__struct_fields__[len(kinds) - len(values) :] if values else ()
        self.ids = [x for x, kind in kinds if _is_id(kind) and x not in optional]
        self.texts = [(x, TEXT_CHARACTERS) for x, kind in kinds if kind is str]
        self.texts += [(x, ID_CHARACTERS) for x, kind in kinds if _is_id(kind) and x in optional]
        self.numbers = [(x, limit) for x, kind in kinds if (limit := _limit(x, kind))]
        self.places = [x for x, kind in kinds if kind is Point]
        lists = [(x, get_args(kind)) for x, kind in kinds if get_origin(kind) is list]
        self.lines = [(x, x in optional) for x, kind in lists if kind in ((Line,), (PricedLine,))]
        self.id_lists = [x for x, kind in lists if _is_id(*kind) or kind == (str,)]
        self._ids_of = _all_of(self.ids)
        self._texts_of = _all_of([x for x, _ in self.texts])
        self._numbers_of = _all_of([x for x, _ in self.numbers])
        self._least = min((limit for _, limit in self.numbers), default=0)
        self._has_more = bool(self.places or self.lines or self.id_lists)

    @property
    def fields(self) -> list[str]:
        """All that have bounds."""
        limited = (x for x, _ in [*self.texts, *self.numbers])
        return [*self.ids, *limited, *self.places, *(x for x, _ in self.lines), *self.id_lists]

    def fault(self, command: Command) -> Detail | None:
        """The first field that is out of bounds, and by which limit; None if there is none.

        Most commands are far within all: that is seen at a glance, whatever it is made of.
        """
        ids = self._ids_of(command)
        if ("" in ids or len("".join(ids)) > ID_CHARACTERS) and (x := self._wrong_id(command)):
            return {"field": x, "limit": ID_CHARACTERS}
        if self.texts and len("".join(self._texts_of(command))) > ID_CHARACTERS:
            for field, limit in self.texts:
                if len(getattr(command, field)) > limit:
                    return {"field": field, "limit": limit}
        if self.numbers:
            least = self._least
            for number in self._numbers_of(command):
                if not -least <= number <= least and (fault := self._wrong_number(command)):
                    return fault
        return self._other_fault(command) if self._has_more else None

    def _wrong_id(self, command: Command) -> str | None:
        sizes = ((field, len(getattr(command, field))) for field in self.ids)
        return next((field for field, size in sizes if not 0 < size <= ID_CHARACTERS), None)

    def _wrong_number(self, command: Command) -> Detail | None:
        for field, limit in self.numbers:
            if not -limit <= getattr(command, field) <= limit:
                return {"field": field, "limit_at" if limit == TIME_MS else "limit": limit}
        return None

    def _other_fault(self, command: Command) -> Detail | None:
        for field in self.places:
            try:
                getattr(command, field).checked()
            except PointError as error:
                return {"field": field, "hint": error.hint} if error.hint else {"field": field}
        for field, may_be_empty in self.lines:
            lines = getattr(command, field)
            if not are_sound(lines) and not (may_be_empty and lines == []):
                return {"field": field}
        for field in self.id_lists:
            if not _are_ids(getattr(command, field)):
                return {"field": field}
        return None


def _all_of(fields: list[str]) -> Callable[[Command], tuple[Any, ...]]:
    """One after the other, as fast as they can be had."""
    if not fields:
        return lambda _: ()
    return attrgetter(*fields) if len(fields) > 1 else attrgetter(*fields, *fields)


def _is_id(kind: Any) -> bool:
    return isinstance(kind, NewType) and kind.__supertype__ is str


def _limit(name: str, kind: Any) -> int:
    """0: there is none."""
    if kind is int:
        return DURATION_MS if name.endswith("_ms") else COUNT
    return {Minor: AMOUNT_MINOR, Millis: TIME_MS}.get(kind, 0)


def _are_ids(ids: list[str]) -> bool:
    return not ids or (len(ids) <= IDS and all(0 < len(x) <= ID_CHARACTERS for x in ids))


def _is_plain(line: PricedLine) -> bool:
    """A price as it was paid: what was taken off, and what is in a bundle, is for us to say."""
    ours = line.discount_minor or line.subsidy_minor or line.components
    return 0 <= line.price_minor <= AMOUNT_MINOR and not ours


def are_sound(lines: list[Line] | list[PricedLine]) -> bool:
    """Some, not too many; each of a product, at least one piece, at a price that can be."""
    if not 0 < len(lines) <= LINES:
        return False
    for x in lines:
        if not (0 < len(x.product) <= ID_CHARACTERS and 1 <= x.quantity <= COUNT):
            return False
        if not isinstance(x, Line) and not _is_plain(x):
            return False
    return True
