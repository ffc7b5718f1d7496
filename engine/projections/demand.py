"""Where deliveries are asked for: a heat map by H3 cell and hour. For people, not decisions."""

from msgspec import Struct

from engine import events as e
from engine.commands import AnyCommand, RequestQuote
from engine.projections.hours import Hour, row_at
from engine.rejections import RejectionReason
from engine.values import Fulfillment, Millis
from geo.cells import cell_of

RESOLUTION = 8  # cells of about 0.7 km2
DELIVERY = Fulfillment.DELIVERY


class Asked(Struct, array_like=True):
    """In one cell: quotes offered, quotes refused, orders placed."""

    offered: int = 0
    refused: int = 0
    placed: int = 0

    def add(self, other: "Asked") -> None:
        self.offered += other.offered
        self.refused += other.refused
        self.placed += other.placed


class DemandHour(Struct, array_like=True):
    cells: dict[int, Asked] = {}


class Demand(Struct):
    hours: dict[Hour, DemandHour] = {}

    # events

    def offered(self, at: Millis, x: e.QuoteOffered) -> None:
        if x.fulfillment is DELIVERY:
            self._cell(at, cell_of(x.dropoff, RESOLUTION)).offered += 1

    def refused(self, at: Millis, x: e.CommandRejected, command: AnyCommand) -> None:
        """What was malformed may be nowhere on Earth."""
        if not isinstance(command, RequestQuote) or command.fulfillment is not DELIVERY:
            return
        if x.reason is not RejectionReason.MALFORMED:
            self._cell(at, cell_of(command.dropoff, RESOLUTION)).refused += 1

    def placed(self, at: Millis, x: e.OrderPlaced) -> None:
        if x.fulfillment is DELIVERY:
            self._cell(at, cell_of(x.dropoff, RESOLUTION)).placed += 1

    # internals

    def _cell(self, at: Millis, cell: int) -> Asked:
        cells = row_at(self.hours, at, DemandHour).cells
        found = cells.get(cell)
        if found is None:
            found = cells[cell] = Asked()
        return found
