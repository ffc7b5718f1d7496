"""Which words would have done where a decoder complained of one, and the one that was meant."""

import re
import types
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from engine.rejections import Detail

ALLOWED_MAX = 24  # words that are listed; of more only the nearest is told
WORD_MAX = 64  # characters of what was sent that are compared
WORD = re.compile(r"Invalid (?:enum )?value '(.*)' - at `", re.DOTALL)
FIELD = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
PLACE = re.compile(r" - at `(key` in `)?\$\.?([^`]*)`\Z")
STEP = re.compile(r"[^.\[\]]+|\[(?:\d+|\.\.\.)\]")


def correction(complaint: str, kind: Any, value: Any) -> Detail:
    """What to say besides: `allowed`, all the words that may stand there, if they are not too
    many, and `nearest`, the one most like what was sent. Nothing if it was about no word.

    `kind` is what was to be read, `value` what was sent instead, as plain lists and dicts.
    """
    place = PLACE.search(complaint)
    steps = STEP.findall(place[2]) if place else []
    told: Detail = {}
    if word := WORD.match(complaint):
        allowed = _words(kind, value, steps, is_key=bool(place and place[1]))
        if 0 < len(allowed) <= ALLOWED_MAX:
            told["allowed"] = allowed
    elif word := FIELD.match(complaint):
        allowed = _fields(kind, value, steps)
    else:
        return told
    near = get_close_matches(word[1][:WORD_MAX], allowed, n=1)
    if near:
        told["nearest"] = near[0]
    return told


def _words(kind: Any, value: Any, steps: list[str], *, is_key: bool) -> list[str]:
    """Of a literal, or the tags of a union of messages."""
    kind, value = _followed(kind, value, steps)
    if is_key:
        kind = (get_args(_plain(kind)) or (None,))[0]
    words: list[str] = []
    for member in _members(kind):
        if get_origin(member) is Literal:
            words += [str(x) for x in get_args(member)]
    return words


def _fields(kind: Any, value: Any, steps: list[str]) -> list[str]:
    kind, value = _followed(kind, value, steps)
    message = _message(kind, value)
    return list(message.__struct_encode_fields__) if message else []


def _followed(kind: Any, value: Any, steps: list[str]) -> tuple[Any, Any]:
    """Down the type and what was sent, side by side: a tag says which member of a union it is."""
    for step in steps:
        if step.startswith("["):
            kind = next((get_args(x)[-1] for x in _members(kind) if get_args(x)), None)
            value = _item(value, step)
        elif (message := _message(kind, value)) and step in message.__struct_encode_fields__:
            kind = _hints(message)[step]
            value = value.get(step)
        else:  # the tag itself
            kind = _tags(kind) if step == "type" else None
            value = None
    return kind, value


def _item(value: Any, step: str) -> Any:
    """None where nobody says which one it was: of a dict."""
    number = step[1:-1]
    if isinstance(value, list) and number.isdigit() and int(number) < len(value):
        return value[int(number)]
    return None


def _message(kind: Any, value: Any) -> type[Struct] | None:
    """Which of the messages this may be is meant."""
    if not isinstance(value, dict):
        return None
    messages = [x for x in _members(kind) if isinstance(x, type) and issubclass(x, Struct)]
    if len(messages) == 1:
        return messages[0]
    tag = value.get("type")
    return next((x for x in messages if x.__struct_config__.tag == tag), None)


def _tags(kind: Any) -> Any:
    tags = [x.__struct_config__.tag for x in _members(kind) if hasattr(x, "__struct_config__")]
    return Literal[tuple(tags)] if tags else None


@cache
def _hints(message: type[Struct]) -> dict[str, Any]:
    hints = get_type_hints(message, include_extras=True)
    names = zip(message.__struct_encode_fields__, message.__struct_fields__, strict=True)
    return {told: hints[name] for told, name in names}


def _plain(kind: Any) -> Any:
    """Without what is said about it."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _members(kind: Any) -> list[Any]:
    """Of a union; anything else is one of itself."""
    kind = _plain(kind)
    if get_origin(kind) in (Union, types.UnionType):
        return [y for x in get_args(kind) for y in _members(x)]
    return [kind]
