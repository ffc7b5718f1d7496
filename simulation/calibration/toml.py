"""A scenario as TOML that can be read again: what is said is what differs from the defaults."""

from datetime import datetime
from typing import Any

import msgspec
import tomli_w

from simulation.scenarios.scenario import Scenario


def text_of(scenario: Scenario, head: str = "") -> str:
    """The file's text. Values equal to the type's own defaults are left out."""
    document: dict[str, Any] = _said(scenario)
    lines = "".join(f"# {line}\n" for line in head.splitlines())
    return f"{lines}\n{tomli_w.dumps(document)}" if lines else tomli_w.dumps(document)


def _said(value: Any) -> Any:
    """Structs as tables without defaults; the rest as TOML has it."""
    if isinstance(value, msgspec.Struct):
        return {
            field.name: _said(getattr(value, field.name))
            for field in msgspec.structs.fields(value)
            if _is_news(field, getattr(value, field.name))
        }
    if isinstance(value, list | tuple):
        return [_said(x) for x in value]
    if isinstance(value, datetime | bool | int | float):
        return value
    return str(value)


def _is_news(field: msgspec.structs.FieldInfo, value: Any) -> bool:
    if field.default is not msgspec.NODEFAULT:
        return bool(value != field.default)
    if field.default_factory is not msgspec.NODEFAULT:
        return bool(value != field.default_factory())
    return value is not None
