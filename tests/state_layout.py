"""How a dumped state is laid out: every struct in it, field by field.

`python -m tests.state_layout` writes down how it is now, in tests/state_layout.json: after
`LAYOUT` of engine/snapshot.py went up, or when fields with defaults were added at the end.
"""

import json
from pathlib import Path

from msgspec import inspect

from engine.snapshot import LAYOUT, Snapshot

WRITTEN_DOWN = Path(__file__).with_name("state_layout.json")


def layout():
    """`structs`: by name, what it is encoded as and its fields; the optional ones end with `=`.

    Without commands, which timers hold: the journal keeps those as they are.
    """
    structs = {}
    _name(inspect.type_info(Snapshot), structs)
    structs = {k: x for k, x in structs.items() if not k.startswith("engine.commands.")}
    return {"layout": LAYOUT, "structs": dict(sorted(structs.items()))}


def broken(then, now):
    """In words: what was dumped then that cannot be read now, or would be read as something else."""
    for name, was in then["structs"].items():
        struct = now["structs"].get(name)
        if struct is None:
            yield f"{name} is gone"
        elif struct["kind"] != was["kind"]:
            yield f"{name} was {was['kind']}"
        elif struct["kind"] == "array":
            yield from _array(name, was["fields"], struct["fields"])
        else:
            yield from _map(name, was["fields"], struct["fields"])


def _array(name, was, fields):
    plain = [x.rstrip("=") for x in fields]
    if plain[: len(was)] != [x.rstrip("=") for x in was]:
        yield f"{name}: the fields were {was}"
    yield from (f"{name}: {x} has no default" for x in fields[len(was) :] if x[-1] != "=")


def _map(name, was, fields):
    plain = [x.rstrip("=") for x in fields]
    yield from (f"{name}: {x} is no more" for x in was if x.rstrip("=") not in plain)
    known = [x.rstrip("=") for x in was]
    for x in fields:
        if x.rstrip("=") not in known and x[-1] != "=":
            yield f"{name}: {x} has no default"


def _name(kind, structs):
    """Of a type; structs in it are noted on the way."""
    inner = lambda x: _name(x, structs)  # noqa: E731
    match kind:
        case inspect.StructType(cls=cls):
            name = f"{cls.__module__}.{cls.__name__}"
            if name not in structs:
                structs[name] = noted = {"kind": "array" if kind.array_like else "map"}
                fields = kind.fields
                noted["fields"] = [
                    f"{x.encode_name}: {inner(x.type)}{'' if x.required else '='}" for x in fields
                ]
            return cls.__name__
        case inspect.ListType() | inspect.VarTupleType():
            return f"list[{inner(kind.item_type)}]"
        case inspect.DictType():
            return f"dict[{inner(kind.key_type)}, {inner(kind.value_type)}]"
        case inspect.TupleType():
            return f"tuple[{', '.join(map(inner, kind.item_types))}]"
        case inspect.UnionType():
            return _union(sorted(map(inner, kind.types)))
        case inspect.EnumType(cls=cls):
            return cls.__name__
    return type(kind).__name__.removesuffix("Type").lower()


def _union(names):
    """Of commands, say; which they are stands in the structs."""
    return " | ".join(names) if len(names) < 9 else "any of many"


if __name__ == "__main__":
    found = layout()
    lines = (f"{json.dumps(k)}: {json.dumps(x)}" for k, x in found.pop("structs").items())
    head, structs = json.dumps(found)[:-1], ",\n".join(lines)
    WRITTEN_DOWN.write_text(f'{head}, "structs": {{\n{structs}\n}}}}\n')
