"""Tables of a TOML file against the types they should have: every flaw, not only the first.

A misspelled key is reported and then read as the nearest right one, so that what is said of the
rest is worth reading.
"""

from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from simulation.scenarios.flaws import Flaw, did_you_mean, nearest
from simulation.scenarios.quantities import Value

TAG = "kind"  # the key that says which of several tables this is


class Examiner:
    """Walks a document beside its types; `flaws` are what it found, in the order of the file."""

    def __init__(self, also: tuple[str, ...] = ()) -> None:
        self.flaws: list[Flaw] = []
        self._also = also  # keys of the whole document that somebody else reads

    def table(self, data: dict[str, Any], kind: type[Struct], path: str) -> dict[str, Any]:
        """What is left when misspelled keys are put right and unknown ones left out."""
        before, known, given = len(self.flaws), types_of(kind), dict[str, Any]()
        for key, value in data.items():
            place = f"{path}.{key}" if path else key
            meant = self._key(key, place, known, data)
            if meant is not None and meant != TAG:
                given[meant] = self.value(value, known[meant], place)
            elif meant == TAG:
                given[TAG] = value
        for item in msgspec.structs.fields(kind):
            if item.required and item.name not in given:
                place = f"{path}.{item.name}" if path else item.name
                self.flaws.append(Flaw("missing_key", place, "is needed"))
        if len(self.flaws) == before:
            self._leaf(given, kind, path)  # what the table as a whole has to say
        return given

    def value(self, data: Any, kind: Any, path: str) -> Any:
        """The same, of whatever may stand behind a key."""
        choices = choices_of(kind)
        if choices:
            return self._one_of(data, choices, path)
        item = get_args(kind)[0] if get_origin(kind) is list else None
        if item is not None and choices_of(item):
            if not isinstance(data, list):
                self.flaws.append(Flaw("wrong_value", path, "is to be a list of tables"))
                return data
            return [self.value(x, item, f"{path}[{n}]") for n, x in enumerate(data)]
        self._leaf(data, kind, path)
        return data

    def _one_of(self, data: Any, choices: dict[str, type[Struct]], path: str) -> Any:
        if not isinstance(data, dict):
            self.flaws.append(Flaw("wrong_value", path, "is to be a table"))
            return data
        if "" in choices:
            return self.table(data, choices[""], path)
        word = data.get(TAG)
        if word in choices:
            return self.table(data, choices[word], path)
        if word is None:
            detail = f"is needed: one of {', '.join(choices)}"
            self.flaws.append(Flaw("missing_key", f"{path}.{TAG}", detail))
        else:
            detail = f'"{word}" is none{did_you_mean(str(word), choices)}'
            self.flaws.append(Flaw("wrong_value", f"{path}.{TAG}", detail))
        return data

    def _key(self, key: str, place: str, known: dict[str, Any], data: dict[str, Any]) -> str | None:
        """Which key this is meant to be; None if there is no guessing."""
        if key in known:
            return key
        also = self._also if place == key else ()
        near = nearest(key, [*also, *(x for x in known if x != TAG)])
        self.flaws.append(Flaw("unknown_key", place, f'no such key; did you mean "{near}"?'))
        return near if near in known and near not in data else None

    def _leaf(self, data: Any, kind: Any, path: str) -> None:
        try:
            msgspec.convert(data, kind)
        except msgspec.ValidationError as error:
            detail, _, inner = str(error).partition(" - at `$")
            inner = inner.rstrip("`")
            key = path + inner if path else inner.lstrip(".")
            self.flaws.append(Flaw("wrong_value", key, detail[0].lower() + detail[1:]))


def merged(base: Any, own: Any, kind: Any) -> Any:
    """A document over its base: tables key by key; lists of named tables, by name.

    A named table that is not in the base is added at the end. Everything else is replaced, a
    distribution or a place as a whole.
    """
    choices = choices_of(kind)
    if isinstance(base, dict) and isinstance(own, dict) and choices:
        one = choices.get("") or choices.get(str(own.get(TAG, base.get(TAG))))
        if one is None or issubclass(one, Value) or own.get(TAG) not in (None, base.get(TAG)):
            return own
        known = types_of(one)
        both = {key: merged(base[key], own[key], known.get(key)) for key in base if key in own}
        return {**base, **own, **both}
    item = get_args(kind)[0] if get_origin(kind) is list else None
    if isinstance(base, list) and isinstance(own, list) and item is not None:
        names = {name_of(x): x for x in own if name_of(x)}
        if choices_of(item) and len(names) == len(own) and all(map(name_of, base)):
            old = {name_of(x): x for x in base}
            kept = [merged(x, names[n], item) if n in names else x for n, x in old.items()]
            return [*kept, *(x for n, x in names.items() if n not in old)]
    return own


def name_of(table: Any) -> str:
    """What a table of a list is called by in a file that builds on it."""
    return str(table.get("id") or table.get("name") or "") if isinstance(table, dict) else ""


@cache
def types_of(kind: type[Struct]) -> dict[str, Any]:
    """The type of each key, its constraints included."""
    hints = get_type_hints(kind, include_extras=True)
    tag = {TAG: str} if kind.__struct_config__.tag is not None else {}
    return {**tag, **{key: hints[key] for key in kind.__struct_fields__}}


def choices_of(kind: Any) -> dict[str, type[Struct]]:
    """The tables it may be, by their tags; a single one has the tag ""; none if it is no table."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        return {"": kind}
    if get_origin(kind) not in (Union, UnionType):
        return {}
    tables = [x for x in get_args(kind) if isinstance(x, type) and issubclass(x, Struct)]
    if len(tables) == 1 and NoneType in get_args(kind):
        return {"": tables[0]}
    return {str(x.__struct_config__.tag): x for x in tables}
