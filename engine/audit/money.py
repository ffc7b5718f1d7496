"""Invariants of money: orders and their payments say the same, and so do the books."""

from collections import Counter
from collections.abc import Iterator, Mapping

from engine.rules.bookkeeping import HELD
from engine.rules.pricing import NOT_COLLECTED
from engine.state import State
from engine.state.orders import Order, OrderStatus
from engine.state.payments import (
    Instruction,
    InstructionStatus,
    Payment,
    PaymentStatus,
    is_sent_back,
    rest_of,
)
from engine.state.reconciliations import Difference, Movement
from engine.values import (
    CASH,
    Actor,
    InstructionId,
    InstructionKind,
    MovementKind,
    OrderId,
    PaymentId,
    ProviderId,
    movement_name,
)

Instructions = Mapping[InstructionId, Instruction]  # of one payment
SIGN = {InstructionKind.CAPTURE: 1, InstructionKind.REFUND: -1, InstructionKind.VOID: 0}
NO_SHOW = f"{Actor.SYSTEM}/{NOT_COLLECTED}"


def violations(s: State) -> Iterator[str]:
    """Besides what every order and every payment says."""
    yield from ledger_problems(s)
    live = sum(len(x.instructions) for x in s.payments.payments.values())
    if len(s.payments.instructions) != live:
        yield f"{len(s.payments.instructions)} instructions, their payments say {live}"
    waiting = s.settings.proposed
    if waiting is not None and not waiting.by:
        yield "settings wait for a second person, and nobody is the first"
    yield from _movements(s)


def ledger_problems(s: State) -> Iterator[str]:
    total = sum(s.ledger.balances.values())
    if total:
        yield f"the ledger is out of balance by {total}"


def order_problems(s: State, key: OrderId, order: Order) -> Iterator[str]:
    payment = s.payments.get(s.payments.current(key))
    if payment is None:
        if order.placed.total_minor > order.placed.credit_minor:
            yield f"{key} costs {order.placed.total_minor} and has no payment"
    elif order.is_collection and order.status is OrderStatus.HANDED_OVER:
        yield f"{key} was handed to its customer, who has not paid"
    elif problem := _payment_problem(s, key, order, payment):
        yield f"{key}: {problem}"


def instruction_problems(s: State, instructions: Instructions) -> Iterator[str]:
    """What failed is kept until it is tried again, and nothing else."""
    for key, instruction in instructions.items():
        is_failed = instruction.status is InstructionStatus.FAILED
        if instruction.next and not is_failed:
            yield f"{key} is {instruction.status}, and was tried again"
        open_ = is_failed and instruction.kind is not InstructionKind.CAPTURE
        if (key in s.payments.failed) is not (open_ and not instruction.next):
            yield f"{key} is {instruction.status}, and kept as if it were not"


def count(due: Counter[str], payment: Payment, instructions: Instructions) -> None:
    """What accounts say if this payment was booked as it was paid."""
    if payment.taken:
        due[f"provider:{payment.provider}"] += payment.amount_minor
        due[HELD] -= payment.amount_minor * (payment.status is PaymentStatus.AUTHORIZED)
    for key, instruction in instructions.items():
        _instructed(due, key, instruction, payment)


def account_problems(s: State, due: Counter[str]) -> Iterator[str]:
    """The accounts say what payments and instructions say: `due`, besides what bills did."""
    for reconciliation in s.reconciliations.reconciliations.values():
        account = _account_of(reconciliation.provider)
        due[account] -= reconciliation.fees_minor * (not reconciliation.is_open)
        due[account] += sum(x.missing_minor for x in reconciliation.differences if x.booked)
    booked: Counter[str] = Counter()
    for account, amount in s.ledger.balances.items():
        kind, _, whose = account.partition(":")
        if kind in ("cash", "till") or account == f"provider:{CASH}":
            booked["cash"] += amount
            if kind == "cash" and amount < 0:
                yield f"{whose} handed in {-amount} too much"
        elif kind == "provider" or account == HELD:
            booked[account] = amount
    for account in booked | due:
        if booked[account] != due[account]:
            yield f"{account}: {booked[account]} booked, {due[account]} instructed"


def _payment_problem(s: State, key: OrderId, order: Order, payment: Payment) -> str | None:
    status, expected = payment.status, _expected_payment(order.status)
    no_show = order.why == NO_SHOW
    if no_show or (order.status is OrderStatus.CANCELLED and order.reattempts):
        expected = (*expected, PaymentStatus.CAPTURED, PaymentStatus.UNCOLLECTED)
    if status not in expected:
        return f"{order.status} with a payment {status}"
    if no_show and payment.captured_minor > order.due_minor:
        return f"{payment.captured_minor} captured of what was not collected"
    if not 0 <= payment.refunded_minor <= payment.captured_minor <= payment.amount_minor:
        return f"{payment.refunded_minor} refunded of {payment.captured_minor} captured"
    name = rest_of(s.payments.current(key))
    rest = s.payments.instruction(name).amount_minor if name in payment.instructions else 0
    kept = payment.captured_minor - rest
    carried = key in s.deliveries.of_order
    owed = order.due_minor + (order.placed.tip_minor if carried else 0)
    owed -= min(order.placed.credit_minor, order.due_minor)  # paid with what came back for it
    collected = status is not PaymentStatus.UNCOLLECTED
    if order.status is OrderStatus.FULFILLED and collected and kept != owed:
        return f"{kept} captured, {owed} owed"
    if status is not PaymentStatus.CAPTURED and payment.captured_minor:
        return f"{payment.captured_minor} captured of a payment {status}"
    return None


def _expected_payment(status: OrderStatus) -> tuple[PaymentStatus, ...]:
    match status:
        case OrderStatus.PLACED:
            return (PaymentStatus.REQUESTED,)
        case OrderStatus.CANCELLED:
            return PaymentStatus.FAILED, PaymentStatus.VOIDED
        case OrderStatus.FULFILLED | OrderStatus.RETURNED:
            return PaymentStatus.CAPTURED, PaymentStatus.UNCOLLECTED, PaymentStatus.VOIDED
        case _:
            return (PaymentStatus.AUTHORIZED,)


def _instructed(
    due: Counter[str], key: InstructionId, instruction: Instruction, payment: Payment
) -> None:
    """What it moved, or will; and what it leaves with us if it failed."""
    kind, amount = instruction.kind, instruction.amount_minor
    if instruction.status is InstructionStatus.FAILED:
        sent_back = is_sent_back(payment, instruction.first or key, instruction)
        due[HELD] -= amount * (sent_back and not instruction.next)
        return
    sign = SIGN[kind]
    if payment.taken:
        sign = 0 if kind is InstructionKind.CAPTURE else -1
    due[_account_of(payment.provider)] += sign * amount


def _account_of(provider: ProviderId) -> str:
    """Cash is one sum here, whoever holds it."""
    return "cash" if provider == CASH else f"provider:{provider}"


def _movements(s: State) -> Iterator[str]:
    """What we say has moved has, by our own books; and is in one place only."""
    for provider, unbilled in s.reconciliations.unbilled.items():
        by_hour = [name for hour in unbilled.hours.values() for name in hour]
        if sorted(by_hour) != sorted(unbilled.movements):
            yield f"{provider}: {len(by_hour)} by the hour, {len(unbilled.movements)} in all"
        for name, movement in unbilled.movements.items():
            if name != movement_name(movement.kind, movement.key):
                yield f"{provider}: {name} is kept for {movement}"
            if not _has_moved(s, movement):
                yield f"{provider}: {name} of {movement.amount_minor} did not move"
    for key, reconciliation in s.reconciliations.reconciliations.items():
        if not reconciliation.is_open and (reconciliation.found or reconciliation.late):
            yield f"{key} is closed and still being read"
        if reconciliation.agreed > reconciliation.lines:
            yield f"{key}: {reconciliation.agreed} of {reconciliation.lines} lines agree"
    for name, (key, number) in s.reconciliations.unresolved.items():
        difference: Difference = s.reconciliations[key].differences[number]
        if difference.note or not name.endswith(difference.name):
            yield f"{name} is said to wait in {key}/{number}: {difference}"


def _has_moved(s: State, movement: Movement) -> bool:
    if movement.kind is MovementKind.PAYMENT:
        payment = s.payments.get(PaymentId(movement.key))
        taken = payment is not None and (payment.taken or payment.captured_minor > 0)
        return taken and movement.amount_minor > 0
    instruction = s.payments.find_instruction(InstructionId(movement.key))
    if instruction is None or instruction.status is not InstructionStatus.SETTLED:
        return False
    return instruction.amount_minor == movement.amount_minor
