"""Rows of what customers say: ratings, and complaints with what came of them."""

from msgspec import Struct

from engine import events as e
from engine.values import Actor, ComplaintId, Millis
from gateway.history.rows import Rows


class Complaint(Struct):
    opened: e.ComplaintOpened
    answered_at: Millis | None = None
    escalated_at: Millis | None = None
    refunded_minor: int = 0


class Voices:
    def __init__(self, rows: Rows) -> None:
        self._ratings, self._complaints = rows["ratings"], rows["complaints"]
        self._open: dict[ComplaintId, Complaint] = {}
        self.currency = ""

    def rated(self, at: Millis, x: e.OrderRated) -> None:
        stars, tags = x.courier_stars or None, " ".join(x.tags) or None
        row = (at, x.order, x.customer, x.store, x.stars, x.courier, stars, tags)
        self._ratings.append(row)

    def opened(self, _: Millis, x: e.ComplaintOpened) -> None:
        self._open[x.complaint] = Complaint(x)

    def answered(self, at: Millis, x: e.ComplaintAnswered) -> None:
        found = self._open.get(x.complaint)
        if found and found.answered_at is None and x.actor is not Actor.CUSTOMER:
            found.answered_at = at

    def escalated(self, at: Millis, x: e.ComplaintEscalated) -> None:
        found = self._open.get(x.complaint)
        if found and found.escalated_at is None:
            found.escalated_at = at

    def refund_approved(self, _: Millis, x: e.RefundApproved) -> None:
        if found := self._open.get(x.complaint):
            found.refunded_minor += x.amount_minor

    def closed(self, at: Millis, x: e.ComplaintClosed) -> None:
        if found := self._open.pop(x.complaint, None):
            self._tell(found, at, x.outcome)

    def finish(self) -> None:
        for complaint in self._open.values():
            self._tell(complaint, None, None)

    def _tell(self, complaint: Complaint, closed_at: Millis | None, outcome: str | None) -> None:
        x = complaint.opened
        self._complaints.append(
            (
                *(x.complaint, x.customer, x.order or None, x.reason, x.at),
                *(complaint.answered_at, complaint.escalated_at),
                *(complaint.refunded_minor, self.currency, closed_at, outcome),
            )
        )
