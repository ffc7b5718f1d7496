"""Where couriers are."""

from engine.columns import PositionBatch
from engine.commands.command import Command


class ReportPositions(Command, frozen=True):
    """Where many couriers are, as columns. The gateway collects one batch per interval."""

    batch: PositionBatch
