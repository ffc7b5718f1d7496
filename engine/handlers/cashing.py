"""Cashing: notes and coins, from couriers' pockets to the office."""

from dataclasses import dataclass

from engine.commands import HandInCash
from engine.events import CashHandedIn
from engine.rejections import RejectionReason as Reason
from engine.rules.bookkeeping import cash_of, of_provider, posted
from engine.state.couriers import Couriers
from engine.state.ledger import Ledger
from engine.turn import Turn
from engine.values import CASH, OrderId

NO_ORDER = OrderId("")


@dataclass(eq=False, slots=True)
class Cashing:
    couriers: Couriers
    ledger: Ledger

    # commands

    def hand_in_cash(self, turn: Turn, c: HandInCash) -> None:
        if c.amount_minor < 1:
            turn.reject(Reason.MALFORMED, field="amount_minor")
        if c.handover in self.ledger.handovers:
            turn.reject(Reason.ALREADY_EXISTS)
        if not self.couriers.get(c.courier):
            turn.reject(Reason.UNKNOWN, what="courier", id=c.courier)
        held, amount = self.ledger.balance(cash_of(c.courier)), c.amount_minor
        if amount > held:
            turn.reject(Reason.EXCEEDS_CASH, held_minor=held)
        turn.emit(CashHandedIn(c.handover, c.courier, amount))
        entry = (of_provider(CASH), amount), (cash_of(c.courier), -amount)
        turn.emit(posted(NO_ORDER, "cash handed in", *entry))
