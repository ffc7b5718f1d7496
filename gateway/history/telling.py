"""Records in, rows out: which event is told by what. Only what is open is kept."""

from collections.abc import Callable
from typing import Any

import msgspec

from engine import commands as c
from engine import events as e
from engine.engine import Record
from engine.projections import Projections
from engine.projections.movements import Movements
from engine.rejections import RejectionReason
from engine.values import Millis
from gateway.history.bargains import STATUS, Bargains
from gateway.history.campaigns import Campaigns
from gateway.history.money import Money
from gateway.history.people import People
from gateway.history.returns import Returns
from gateway.history.rows import Rows, cell_text
from gateway.history.supply import Supply
from gateway.history.tables import TABLES
from gateway.history.voices import Voices
from gateway.history.work import Couriers

Tell = Callable[[Millis, Any], None]


class Teller:
    """`fold` every record from the first, in order, then `finish`. `rows` are yours to empty."""

    def __init__(self, with_positions: bool = False) -> None:
        self.rows: Rows = {name: [] for name in TABLES}
        self.utc_offset_min = 0
        self.projections = Projections()
        self._movements = Movements()
        self._bargains = Bargains(self.rows, self.projections)
        self._money = Money(self.rows)
        self._couriers = Couriers(self.rows, self.projections)
        self._voices = Voices(self.rows)
        self._returns = Returns(self.rows)
        self._campaigns = Campaigns(self.rows)
        self._supply = Supply(self.rows)
        self._people = People(self.rows)
        self._table = self._tells(with_positions)

    def fold(self, record: Record) -> None:
        at, table = record.at, self._table
        ended = self.projections.fold(record)
        for event in record.events:
            tell = table.get(type(event))
            if tell is not None:
                tell(at, event)
            elif type(event) is e.CommandRejected:
                self._refused(record, event)
            if ended and type(event) in STATUS:
                order = event.order  # type: ignore[union-attr]
                self._bargains.ended(order, ended[order], event)
        for x in self._movements.fold(record):
            self.rows["stock_movements"].append(
                (
                    *(x.at, x.store, x.product, x.cause, x.actor),
                    *(x.reason or None, x.order or None),
                    *(x.by.on_hand, x.by.reserved, x.by.damaged),
                    *(x.left.on_hand, x.left.reserved),
                )
            )

    def finish(self, now: Millis) -> None:
        """After the last record: what is still open, as it stands."""
        self.projections.emissions.read_all(now)
        self._bargains.finish()
        self._couriers.finish(now)
        self._voices.finish()
        self._returns.finish()
        self._campaigns.finish()
        self._supply.finish()
        self._people.finish(now)

    # internals

    def _tells(self, with_positions: bool) -> dict[type[e.AnyEvent], Tell]:
        bargains, money, couriers = self._bargains, self._money, self._couriers
        voices, returns = self._voices, self._returns
        campaigns, supply, people = self._campaigns, self._supply, self._people
        positions: dict[type[e.AnyEvent], Tell] = (
            {e.PositionsReported: couriers.positions} if with_positions else {}
        )
        return positions | {
            e.EngineOpened: self._settings,
            e.SettingsChanged: self._settings,
            e.StoreRegistered: bargains.registered,
            e.StoreChanged: bargains.store_changed,
            e.ProductListed: bargains.listed,
            e.QuoteOffered: bargains.offered,
            e.QuoteAccepted: bargains.accepted,
            e.OrderPlaced: bargains.placed,
            e.OrderEdited: bargains.edited,
            e.OrderScheduled: bargains.scheduled,
            e.ReceiptRecorded: bargains.receipt,
            e.ReceiptRefunded: bargains.receipt_refunded,
            e.PaymentRequested: money.requested,
            e.PaymentAuthorized: money.authorized,
            e.PaymentFailed: money.failed,
            e.PaymentWithdrawn: money.withdrawn,
            e.InstructionIssued: money.issued,
            e.InstructionSettled: money.settled,
            e.InstructionFailed: money.instruction_failed,
            e.LedgerPosted: money.posted,
            e.CourierRegistered: couriers.registered,
            e.CourierChanged: couriers.changed,
            e.ShiftPlanned: couriers.planned,
            e.ShiftDropped: couriers.dropped,
            e.ShiftStarted: couriers.started,
            e.ShiftEnded: couriers.ended,
            e.DeliveryOffered: couriers.offered,
            e.OfferAccepted: couriers.accepted,
            e.DeliveryUnassigned: couriers.unassigned,
            e.CustomerSegmented: self._segmented,
            e.ChangePreviewed: returns.previewed,
            e.ChangeConfirmed: returns.confirmed,
            e.ChangeReceived: returns.received,
            e.ChangeClosed: returns.closed,
            e.OrderRated: voices.rated,
            e.ComplaintOpened: voices.opened,
            e.ComplaintAnswered: voices.answered,
            e.ComplaintEscalated: voices.escalated,
            e.RefundApproved: voices.refund_approved,
            e.ComplaintClosed: voices.closed,
            e.CampaignLaunched: campaigns.launched,
            e.CampaignAssigned: campaigns.assigned,
            e.CampaignMeasured: campaigns.measured,
            e.CampaignEnded: campaigns.ended,
            e.PurchaseDrafted: supply.drafted,
            e.PurchaseOrdered: supply.ordered,
            e.PurchaseReceived: supply.purchase_received,
            e.PurchaseClosed: supply.closed,
            e.PurchaseDiscarded: supply.purchase_discarded,
            e.TransferRequested: supply.requested,
            e.TransferApproved: supply.approved,
            e.TransferShipped: supply.shipped,
            e.TransferReceived: supply.transfer_received,
            e.TransferDiscarded: supply.transfer_discarded,
            e.DutyDrafted: people.drafted,
            e.DutyDropped: people.dropped,
            e.RosterPublished: people.published,
            e.TimecardOpened: people.clocked_in,
            e.TimecardRecorded: people.recorded,
            e.TimecardCorrected: people.corrected,
            e.BreakStarted: people.break_started,
            e.BreakEnded: people.break_ended,
            e.TimecardClosed: people.clocked_out,
        }

    def _settings(self, _: Millis, x: e.EngineOpened | e.SettingsChanged) -> None:
        currency, self.utc_offset_min = x.settings.currency, x.settings.utc_offset_min
        for teller in (
            self._bargains,
            self._money,
            self._couriers,
            self._voices,
            self._returns,
            self._campaigns,
        ):
            teller.currency = currency

    def _segmented(self, at: Millis, x: e.CustomerSegmented) -> None:
        for segment in x.segments:
            row = (at, x.customer, segment, x.recency, x.frequency, x.monetary)
            self.rows["customer_segments"].append(row)

    def _refused(self, record: Record, x: e.CommandRejected) -> None:
        command, cell = record.command, None
        if isinstance(command, c.RequestQuote) and x.reason is not RejectionReason.MALFORMED:
            cell = cell_text(command.dropoff, command.fulfillment)
        who = (getattr(command, name, None) for name in ("store", "customer", "courier", "order"))
        detail = msgspec.json.encode(x.detail).decode() if x.detail else None
        name = type(command).__name__
        row = (record.at, name, x.reason.value, *(y or None for y in who), cell, detail)
        self.rows["refusals"].append(row)
