"""What moved on a shelf lately: the numbers of the records that did, and the journal says the rest.

Eight bytes a record and shelf, so that a city's shelves can be remembered for weeks.
"""

from array import array
from collections.abc import Sequence
from copy import copy
from typing import Protocol

from engine.engine import Engine, Record
from engine.projections.movements import Buckets, Movement, moves
from engine.values import ProductId, StoreId
from gateway import messages as m
from gateway.asking.finding import store_asked
from gateway.tokens import Identity
from gateway.views import moved_told

KEPT = 64  # records of a shelf, at least
Packed = dict[StoreId, dict[ProductId, bytes]]


class Loop(Protocol):
    @property
    def engine(self) -> Engine: ...
    async def settled(self) -> int: ...
    async def records(self, seqs: Sequence[int]) -> list[Record]: ...


class Shelves:
    """`note` every movement, in order."""

    def __init__(self, kept: Packed) -> None:
        self._records: dict[StoreId, dict[ProductId, array[int]]] = {
            store: {product: array("Q", data) for product, data in products.items()}
            for store, products in kept.items()
        }

    def note(self, moved: Movement) -> None:
        records = self._records.setdefault(moved.store, {}).setdefault(moved.product, array("Q"))
        if not records or records[-1] != moved.seq:
            records.append(moved.seq)
            if len(records) >= 2 * KEPT:  # amortized: now and then, not every time
                del records[:-KEPT]

    def records(self, store: StoreId, product: ProductId) -> list[int]:
        """Numbers of those kept, the newest first."""
        return list(reversed(self._records.get(store, {}).get(product, ())))

    def dump(self) -> Packed:
        return {
            store: {product: records.tobytes() for product, records in products.items()}
            for store, products in self._records.items()
        }


class Remembered(Protocol):
    """What the feeds know of shelves."""

    def shelf_records(self, store: StoreId, product: ProductId) -> list[int]: ...
    def shelf_level(self, store: StoreId, product: ProductId) -> Buckets: ...


async def list_movements(
    body: m.ListMovements | m.InspectMovements, who: Identity, loop: Loop, known: Remembered
) -> m.StockMovements:
    """Newest first; a page holds whole records. Raises Refusal: `unknown`."""
    store = store_asked(body, who, loop.engine.state)
    product = ProductId(body.product)
    seqs, left = known.shelf_records(store, product), known.shelf_level(store, product)
    newer = 0 if body.before is None else sum(x >= body.before for x in seqs)
    await loop.settled()
    told: list[m.StockMoved] = []
    next_: int | None = None
    for record in await loop.records(seqs[: newer + body.limit]):
        if len(told) >= body.limit:
            break
        here = [x for x in moves(record) if (x.store, x.product) == (store, product)]
        for move in reversed(here):
            if body.before is None or record.seq < body.before:
                told.append(moved_told(move.at(record, copy(left))))
            left.take_back(move.by)
        next_ = record.seq
    more = next_ is not None and bool(told) and next_ != seqs[-1]
    return m.StockMovements(store, product, told, next_ if more else None)
