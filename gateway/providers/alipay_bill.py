"""Alipay's bill of trades: a zip of CSV files in GBK, amounts in yuan, refunds below zero.

Comments begin with `#`; cells end in tabs. Columns are found by their names.
"""

import csv
import io
import zipfile

from engine.values import MovementKind
from gateway.providers.currencies import AmountError, minor_of
from gateway.providers.port import Billed, BillError

ORDER, KIND, AMOUNT = "商户订单号", "业务类型", "订单金额（元）"
REFUND, FEE = "退款批次号/请求号", "服务费（元）"
NEEDED = (ORDER, KIND, AMOUNT, REFUND, FEE)
PAYMENT, REFUNDED = "交易", "退款"
DETAIL, SUMMARY = "业务明细", "汇总"
FILE_MAX_BYTES = 256 * 1024 * 1024


def lines_of(data: bytes, currency: str) -> list[Billed]:
    """Of the zip, or of the file of details in it. Raises BillError."""
    details = _unzipped(data) if data[:2] == b"PK" else data
    try:
        text = details.decode("gb18030")  # what GBK has grown into
    except UnicodeDecodeError:
        raise BillError("the bill is not in GBK") from None
    comments = [x for x in text.splitlines() if x.startswith("#")]
    rows = [x for x in text.splitlines() if x.strip() and not x.startswith("#")]
    if not rows or not any("结束" in x for x in comments):
        raise BillError("the bill has no end: it is not whole")
    names = [x.strip() for x in next(csv.reader(rows[:1]))]
    if missing := [x for x in NEEDED if x not in names]:
        raise BillError(f"the bill has no column {missing[0]}")
    found = []
    for cells in csv.reader(io.StringIO("\n".join(rows[1:]))):
        if len(cells) != len(names):
            raise BillError(f"a line of {len(cells)} cells, {len(names)} are named")
        row = dict(zip(names, (x.strip() for x in cells), strict=True))
        found.append(_line(row, currency))
    return found


def _unzipped(data: bytes) -> bytes:
    """The details; the summary is left. Names in the zip are in GBK, too."""
    try:
        with zipfile.ZipFile(io.BytesIO(data), metadata_encoding="gbk") as archive:
            inside = [
                x for x in archive.infolist() if DETAIL in x.filename and SUMMARY not in x.filename
            ]
            if len(inside) != 1:
                raise BillError(f"{len(inside)} files of details in the zip")
            if inside[0].file_size > FILE_MAX_BYTES:
                raise BillError("the file in the zip is too large")
            return archive.read(inside[0])
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError, RuntimeError) as error:
        raise BillError(f"the zip cannot be read: {error}") from None


def _line(cells: dict[str, str], currency: str) -> Billed:
    kind = cells[KIND]
    try:
        amount = minor_of(cells[AMOUNT], currency)
        fee = -minor_of(cells[FEE], currency) if cells[FEE] else 0  # what they keep is negative
    except AmountError as error:
        raise BillError(str(error)) from None
    if kind == PAYMENT and amount >= 0:
        return Billed(MovementKind.PAYMENT, cells[ORDER], amount, fee, True, kind)
    if kind == REFUNDED and amount <= 0:
        return Billed(MovementKind.REFUND, cells[REFUND], -amount, fee, True, kind)
    raise BillError(f"a line of kind {kind[:20]!r} and {cells[AMOUNT][:20]}")
