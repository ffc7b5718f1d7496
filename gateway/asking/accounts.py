"""Questions about money: cash in couriers' pockets, refunds, providers' bills and differences."""

from engine.engine import Engine
from engine.rules.bookkeeping import cash_of
from engine.state.reconciliations import Difference, Reconciliation
from engine.values import ReconciliationId
from gateway import messages as m
from gateway.codes import unknown
from gateway.tokens import Identity
from gateway.wire import money, time_text


def list_cash(_: m.ListCash, __: Identity, engine: Engine) -> m.Cash:
    s = engine.state
    currency = s.settings.current.currency
    held = ((x, s.ledger.balance(cash_of(x))) for x in s.couriers.ids)
    return m.Cash([m.CashHeld(x, money(amount, currency)) for x, amount in held if amount])


def list_failed(_: m.ListFailedInstructions, __: Identity, engine: Engine) -> m.FailedInstructions:
    payments, currency = engine.state.payments, engine.state.settings.current.currency
    failed = ((key, payments.instruction(key)) for key in payments.failed)
    return m.FailedInstructions(
        [
            m.Instruction(key, x.payment, x.kind.value, money(x.amount_minor, currency))
            for key, x in failed
        ]
    )


def list_refunds(_: m.ListRefunds, __: Identity, engine: Engine) -> m.Refunds:
    s = engine.state
    currency = s.settings.current.currency
    return m.Refunds(
        [
            m.Refund(k, x.order, money(x.amount_minor, currency), x.reason, x.by, x.needs_approval)
            for k, x in s.refunds.pending.items()
        ]
    )


def list_reconciliations(
    b: m.ListReconciliations, _: Identity, engine: Engine
) -> m.Reconciliations:
    known = engine.state.reconciliations.reconciliations
    of_provider = [(k, x) for k, x in known.items() if x.provider == b.provider]
    newest = sorted(of_provider, key=lambda pair: pair[1].from_at, reverse=True)[: b.limit]
    return m.Reconciliations(b.provider, [reconciliation_told(k, x) for k, x in newest])


def list_differences(b: m.ListDifferences, engine: Engine) -> m.Differences:
    """Raises Refusal("unknown")."""
    s = engine.state
    reconciliation = s.reconciliations.get(ReconciliationId(b.reconciliation))
    if reconciliation is None:
        raise unknown("reconciliation", b.reconciliation)
    currency, found = s.settings.current.currency, reconciliation.differences
    first, end = b.after + 1, b.after + 1 + b.limit
    page = [_difference(n, x, currency) for n, x in enumerate(found[first:end], first)]
    return m.Differences(b.reconciliation, page, end - 1 if end < len(found) else None)


def reconciliation_told(key: str, x: Reconciliation) -> m.Reconciliation:
    return m.Reconciliation(
        key,
        time_text(x.from_at),
        time_text(x.to_at),
        not x.is_open,
        x.lines,
        x.agreed,
        len(x.differences),
        sum(not d.note for d in x.differences),
        x.fees_minor,
    )


def _difference(number: int, x: Difference, currency: str) -> m.Difference:
    return m.Difference(
        number,
        x.kind.value,
        x.movement.value,
        x.key,
        x.number,
        money(x.ours_minor, currency),
        money(x.theirs_minor, currency),
        x.ours,
        x.theirs,
        x.note,
        x.booked,
    )
