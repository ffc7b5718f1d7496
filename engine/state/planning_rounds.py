"""Planning rounds: each time a solver was asked for a plan, and whether one is due."""

from msgspec import Struct

from engine.events import PlanningRequested, PlanningRoundClosed, PlanningRoundOpened
from engine.values import Millis, PlanningRoundId


class PlanningRounds(Struct):
    """Invariant: at most one planning round is open, and at most one more is due."""

    count: int = 0
    open: PlanningRoundId | None = None
    opened_at: Millis = Millis(0)
    due_at: Millis | None = None  # somebody asked for the next one

    # queries

    def next_id(self) -> PlanningRoundId:
        return PlanningRoundId(self.count + 1)

    # events

    def planning_requested(self, e: PlanningRequested) -> None:
        assert self.due_at is None or e.at < self.due_at
        self.due_at = e.at

    def planning_round_opened(self, e: PlanningRoundOpened) -> None:
        assert self.open is None
        self.count, self.open = e.planning_round, e.planning_round
        self.opened_at, self.due_at = e.at, None

    def planning_round_closed(self, e: PlanningRoundClosed) -> None:
        assert self.open == e.planning_round
        self.open = None
