"""A dumped state is read by later versions, or known to be of another layout."""

import json
from zlib import compress, decompress

import pytest

from engine import commands as c
from engine import snapshot
from engine.engine import Engine
from engine.errors import OtherLayoutError
from engine.values import HOUR
from tests.scripted_day import ScriptedDay
from tests.state_layout import WRITTEN_DOWN, broken, layout


@pytest.fixture(scope="module")
def written_down():
    return json.loads(WRITTEN_DOWN.read_text())


def test_what_this_layout_wrote_is_still_read(written_down):
    """Otherwise LAYOUT goes up: kept snapshots are passed by then, and the journal is read."""
    now = layout()
    assert written_down["layout"] == now["layout"]
    assert not list(broken(written_down, now))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x.pop(), "the fields were"),
        (lambda x: x.insert(0, "first: int="), "the fields were"),
        (lambda x: x.append("last: int"), "has no default"),
        (lambda x: x.__setitem__(2, "due_minor: str"), "the fields were"),
    ],
)
def test_a_changed_struct_is_noticed(written_down, change, said):
    now = json.loads(json.dumps(written_down))
    change(now["structs"]["engine.state.orders.Order"]["fields"])
    (found,) = broken(written_down, now)
    assert said in found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x.remove("count: int="), ["is no more"]),
        (lambda x: x.append("last: int"), ["has no default"]),
        (lambda x: x.append("last: int="), []),
    ],
)
def test_a_changed_map_is_noticed_where_it_matters(written_down, change, said):
    now = json.loads(json.dumps(written_down))
    change(now["structs"]["engine.state.orders.Orders"]["fields"])
    found = list(broken(written_down, now))
    assert len(found) == len(said)
    assert all(x in y for x, y in zip(said, found, strict=True))


@pytest.mark.parametrize("layout", [1, snapshot.LAYOUT + 1, 65_535])
def test_a_state_of_another_layout_is_refused_by_name(layout):
    data = snapshot.dump(Engine())
    body = data[len(snapshot.MARK) + 2 :]
    other = body if layout == 1 else snapshot.MARK + layout.to_bytes(2, "big") + body
    assert snapshot.layout_of(other) == layout
    with pytest.raises(OtherLayoutError, match=f"layout {layout}, this version reads"):
        snapshot.load(other)


def test_archives_that_another_zlib_packed_say_the_same():
    day = ScriptedDay(5, orders=40, couriers=6, stores=2, hours=0.3)
    engine = Engine()
    for record in day:
        engine.apply(record)
    engine.step(engine.now + 3 * HOUR, c.Tick())
    one = snapshot.dump(engine)
    packs = engine.state.orders.archive.packs
    assert packs
    packs[0] = compress(decompress(packs[0]), 1)
    other = snapshot.dump(engine)
    assert one != other
    assert snapshot.is_same(one, other)
    packs[0] = compress(decompress(packs[0])[:-1])
    assert not snapshot.is_same(one, snapshot.dump(engine))
