"""WeChat's bill of trades: text, amounts in yuan, every cell behind a backtick; then a summary.

Columns are found by their names. A refund is dated by when it was accepted, and keeps the state
it had that night: one that was still under way says nothing for good.
"""

from engine.values import MovementKind
from gateway.providers.currencies import AmountError, minor_of, text_of
from gateway.providers.port import Billed, BillError

MERCHANT, ORDER, STATE = "商户号", "商户订单号", "交易状态"
REFUND, REFUND_STATE = "商户退款单号", "退款状态"
AMOUNT, REFUNDED, FEE, CURRENCY = "订单金额", "申请退款金额", "手续费", "货币种类"
NEEDED = (MERCHANT, ORDER, STATE, REFUND, REFUND_STATE, AMOUNT, REFUNDED, FEE, CURRENCY)
COUNT, PAID, BACK = "总交易单数", "订单总金额", "申请退款总金额"


def lines_of(data: bytes, merchant: str, currency: str) -> list[Billed]:
    """Raises BillError: not such a bill, of another merchant, or not a whole one."""
    try:
        rows = [x for x in data.decode("utf-8-sig").splitlines() if x.strip()]
    except UnicodeDecodeError:
        raise BillError("the bill is not UTF-8") from None
    if len(rows) < 3 or not rows[-2].startswith(COUNT):
        raise BillError("the bill has no summary: it is not whole")
    names = rows[0].split(",")
    if missing := [x for x in NEEDED if x not in names]:
        raise BillError(f"the bill has no column {missing[0]}")
    found = [
        _line(dict(zip(names, _cells(x, len(names)), strict=True)), merchant, currency)
        for x in rows[1:-2]
    ]
    ending = rows[-2].split(",")
    _check_sums(dict(zip(ending, _cells(rows[-1], len(ending)), strict=True)), found, currency)
    return found


def _check_sums(told: dict[str, str], found: list[Billed], currency: str) -> None:
    """The last line counts and adds up all the others."""
    paid = sum(x.amount_minor for x in found if x.kind is MovementKind.PAYMENT)
    back = sum(x.amount_minor for x in found if x.kind is MovementKind.REFUND)
    expected = {COUNT: str(len(found)), PAID: text_of(paid, currency)}
    expected[BACK] = text_of(back, currency)
    for name, value in expected.items():
        if told.get(name) != value:
            raise BillError(f"the bill says {name} {told.get(name, '')[:20]}, and has {value}")


def _cells(row: str, columns: int) -> list[str]:
    """A name of goods may hold a comma; cells begin with a backtick, so only `,\\`` divides."""
    if not row.startswith("`"):
        raise BillError("a line without backticks")
    cells = row[1:].split(",`")
    if len(cells) != columns:
        raise BillError(f"a line of {len(cells)} cells, {columns} are named")
    return cells


def _line(cells: dict[str, str], merchant: str, currency: str) -> Billed:
    if cells[MERCHANT] != merchant:
        raise BillError("the bill of another merchant")
    if cells[CURRENCY] != currency:
        raise BillError(f"a line in {cells[CURRENCY][:10]}")
    state = cells[STATE]
    try:
        fee = minor_of(cells[FEE], currency) if cells[FEE] else 0
        if state in ("SUCCESS", "REVOKED"):
            moved, amount = state == "SUCCESS", minor_of(cells[AMOUNT], currency)
            return Billed(MovementKind.PAYMENT, cells[ORDER], amount, fee, moved, state)
        if state == "REFUND":
            progress, amount = cells[REFUND_STATE], minor_of(cells[REFUNDED], currency)
            under_way = progress in ("PROCESSING", "CHANGE")
            moved = progress == "SUCCESS" or under_way
            return Billed(
                MovementKind.REFUND, cells[REFUND], amount, fee, moved, progress, not under_way
            )
    except AmountError as error:
        raise BillError(str(error)) from None
    raise BillError(f"a line in state {state[:20]!r}")
