"""Tracking: positions, a batch at a time. Nothing here loops over couriers."""

from dataclasses import dataclass

from engine.columns import PositionBatch
from engine.commands import ReportPositions
from engine.events import PositionsReported
from engine.rejections import RejectionReason as Reason
from engine.rules.freshness import fresh
from engine.state.couriers import Couriers
from engine.state.positions import Positions
from engine.turn import Turn
from geo.points import are_valid


@dataclass(eq=False, slots=True)
class Tracking:
    couriers: Couriers
    positions: Positions

    # commands

    def report_positions(self, turn: Turn, c: ReportPositions) -> None:
        if not c.batch.is_well_formed():
            turn.reject(Reason.MALFORMED, field="batch")
        courier, lat_e7, lon_e7, measured_at = c.batch.columns()
        if not are_valid(lat_e7, lon_e7).all():
            turn.reject(Reason.MALFORMED, field="position")
        strangers = courier[(courier < 0) | (courier >= self.couriers.next_number())]
        if strangers.size:
            turn.reject(Reason.UNKNOWN, what="courier", id=str(strangers[0]))
        rows = fresh(courier, measured_at, self.positions.last_measured(courier), turn.at)
        if not rows.size:
            turn.reject(Reason.STALE)
        columns = (courier[rows], lat_e7[rows], lon_e7[rows], measured_at[rows])
        turn.emit(PositionsReported(PositionBatch.pack(*columns)))
