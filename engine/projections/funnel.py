"""From a question to goods in hand: how many got how far by the hour, and what was refused."""

from msgspec import Struct

from engine import events as e
from engine.commands import AnyCommand, RequestQuote
from engine.projections.hours import Hour, row_at, tally
from engine.values import Millis


class FunnelHour(Struct, array_like=True):
    """Each counts in the hour it happened; an order may take its steps in several."""

    asked: int = 0  # quotes, offered or refused
    offered: int = 0
    placed: int = 0
    paid: int = 0
    accepted: int = 0  # by the store
    handed_over: int = 0
    fulfilled: int = 0
    refusals: dict[str, int] = {}  # of any command, by "Command/reason"

    def add(self, other: "FunnelHour") -> None:
        for name in STEPS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for key, number in other.refusals.items():
            tally(self.refusals, key, number)


STEPS = FunnelHour.__struct_fields__[:-1]


class Funnel(Struct):
    hours: dict[Hour, FunnelHour] = {}

    # events

    def offered(self, at: Millis, _: e.QuoteOffered) -> None:
        row = row_at(self.hours, at, FunnelHour)
        row.asked += 1
        row.offered += 1

    def refused(self, at: Millis, x: e.CommandRejected, command: AnyCommand) -> None:
        row = row_at(self.hours, at, FunnelHour)
        row.asked += isinstance(command, RequestQuote)
        tally(row.refusals, f"{type(command).__name__}/{x.reason}")

    def placed(self, at: Millis, _: e.OrderPlaced) -> None:
        row_at(self.hours, at, FunnelHour).placed += 1

    def paid(self, at: Millis, _: e.OrderConfirmed) -> None:
        row_at(self.hours, at, FunnelHour).paid += 1

    def accepted(self, at: Millis, _: e.OrderAccepted) -> None:
        row_at(self.hours, at, FunnelHour).accepted += 1

    def handed_over(self, at: Millis, _: e.OrderHandedOver) -> None:
        row_at(self.hours, at, FunnelHour).handed_over += 1

    def fulfilled(self, at: Millis, _: e.OrderFulfilled) -> None:
        row_at(self.hours, at, FunnelHour).fulfilled += 1
