"""Rows of what customers give back after delivery: from the preview to the goods, or to nothing."""

from msgspec import Struct

from engine import events as e
from engine.values import ChangeId, Millis
from gateway.history.rows import Rows


class Change(Struct):
    previewed: e.ChangePreviewed
    previewed_at: Millis
    confirmed_at: Millis | None = None


class Returns:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows["returns"]
        self._open: dict[ChangeId, Change] = {}
        self.currency = ""

    def previewed(self, at: Millis, x: e.ChangePreviewed) -> None:
        self._open[x.change] = Change(x, at)

    def confirmed(self, at: Millis, x: e.ChangeConfirmed) -> None:
        if found := self._open.get(x.change):
            found.confirmed_at = at

    def received(self, at: Millis, x: e.ChangeReceived) -> None:
        if found := self._open.pop(x.change, None):
            self._tell(found, at, (x.goods_minor, x.delivery_minor, x.fee_minor), "received")

    def closed(self, _: Millis, x: e.ChangeClosed) -> None:
        if found := self._open.pop(x.change, None):
            self._tell(found, None, None, x.reason)

    def finish(self) -> None:
        for change in self._open.values():
            self._tell(change, None, None, None)

    def _tell(
        self,
        change: Change,
        received_at: Millis | None,
        amounts: tuple[int, int, int] | None,
        outcome: str | None,
    ) -> None:
        x = change.previewed
        amounts = amounts or (x.goods_minor, x.delivery_minor, x.fee_minor)
        self._rows.append(
            (
                *(x.change, x.order, x.store, x.reason, x.way.value),
                *(change.previewed_at, change.confirmed_at, received_at),
                *(*amounts, self.currency, outcome),
            )
        )
