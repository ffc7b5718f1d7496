"""The ledger: double entry. Accounts are named `kind:whose`; debits are positive."""

from msgspec import Struct

from engine.events import CashHandedIn, LedgerPosted
from engine.values import HandoverId


class Ledger(Struct):
    """Invariant: every entry sums to zero, and therefore so do the balances."""

    balances: dict[str, int] = {}
    entries: int = 0
    handovers: dict[HandoverId, None] = {}  # of cash; each is booked by an entry

    # queries

    def balance(self, account: str) -> int:
        return self.balances.get(account, 0)

    # events

    def ledger_posted(self, e: LedgerPosted) -> None:
        balances, total = self.balances, sum([p.amount_minor for p in e.postings])
        assert len(e.postings) >= 2
        assert total == 0, f"{e.memo} of {e.order} is unbalanced"
        for posting in e.postings:
            account = posting.account
            balances[account] = balances.get(account, 0) + posting.amount_minor
        self.entries += 1

    def cash_handed_in(self, e: CashHandedIn) -> None:
        assert e.handover not in self.handovers
        self.handovers[e.handover] = None
