"""The bill of a day, in the format of each provider: what they charge, and what they moved."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, tzinfo

from gateway.providers.currencies import text_of
from gateway.providers.days import BEIJING, clock_text
from gateway.providers.sandbox.trades import TAKEN, Refund, Trade

FEE_PER_MILLE = 6
WECHAT_COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
WECHAT_SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
ALIPAY_COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,"
    "商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,"
    "退款批次号/请求号,服务费（元）,分润（元）,备注"
)
STRIPE_COLUMNS = (
    "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,"
    "payment_intent_id,payment_metadata[number],refund_metadata[number]"
)
LINE = "#-----------------------------------------"


def fee_of(amount_minor: int) -> int:
    """Half a unit counts."""
    return (amount_minor * FEE_PER_MILLE + 500) // 1_000


def wechat_bill(trades: Iterable[Trade], day: date, mchid: str, appid: str) -> bytes:
    rows = []
    sums = [0, 0, 0]  # paid, given back, fees
    for at_ms, trade, refund in _of_day(trades, day, BEIJING, by_acceptance=True):
        paid = text_of(trade.amount_minor, trade.currency)
        nothing = text_of(0, trade.currency)
        back = text_of(refund.amount_minor, trade.currency) if refund else nothing
        fee = -fee_of(refund.amount_minor) if refund else fee_of(trade.amount_minor)
        cells = [
            clock_text(at_ms // 1_000),
            *(trade.appid or appid, mchid, "0", "", trade.reference, trade.number),
            *(trade.payer or "oUsr", trade.kind or "NATIVE"),
            "REFUND" if refund else "SUCCESS",
            *("OTHERS", trade.currency, nothing if refund else paid, nothing),
            *((refund.reference, refund.number) if refund else ("0", "0")),
            *(back, nothing, "ORIGINAL" if refund else "", refund.status if refund else ""),
            *("Order, of noodles", trade.note, text_of(fee, trade.currency), "0.60%"),
            *(nothing if refund else paid, back, ""),
        ]
        rows.append(",".join(f"`{x}" for x in cells))
        sums[0] += 0 if refund else trade.amount_minor
        sums[1] += refund.amount_minor if refund else 0
        sums[2] += fee
    paid, back, fees = (text_of(x, "CNY") for x in sums)
    ending = ",".join(f"`{x}" for x in (len(rows), paid, back, "0.00", fees, paid, back))
    return "\r\n".join([WECHAT_COLUMNS, *rows, WECHAT_SUMMARY, ending, ""]).encode()


def alipay_bill(trades: Iterable[Trade], day: date, seller: str) -> bytes:
    """A zip of two files, their names and all in GBK."""
    rows, counted = [], [0, 0]
    for at_ms, trade, refund in _of_day(trades, day, BEIJING):
        amount = -refund.amount_minor if refund else trade.taken_minor
        fee = fee_of(refund.amount_minor) if refund else -fee_of(trade.taken_minor)
        money = text_of(amount, trade.currency)
        at = clock_text(at_ms // 1_000)
        cells = [
            *(trade.reference, trade.number, "退款" if refund else "交易", "Order of noodles"),
            *(at, at, "", "", "", "", "a***@example.com", money, money),
            *("0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00", "0.00"),
            *(refund.number if refund else "", text_of(fee, trade.currency), "0.00", trade.note),
        ]
        rows.append(",".join(f"{x}\t" for x in cells))
        counted[refund is not None] += 1
    head = ["#支付宝业务明细查询", f"#账号：[{seller}0156]", f"{LINE}业务明细列表"]
    foot = [f"{LINE}业务明细列表结束", f"#交易合计：{counted[0]}笔", f"#退款合计：{counted[1]}笔"]
    details = "\r\n".join([*head, ALIPAY_COLUMNS, *rows, *foot, ""]).encode("gbk")
    summary = "\r\n".join([*head, "门店编号,交易订单总笔数", *foot, ""]).encode("gbk")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        name = f"{seller}0156_{day:%Y%m%d}_业务明细"
        archive.writestr(_named(f"{name}.csv"), details)
        archive.writestr(_named(f"{name}(汇总).csv"), summary)
    return packed.getvalue()


def stripe_bill(trades: Iterable[Trade], day: date) -> bytes:
    """Less than was held is two lines: the whole, and the reversal of the rest."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(STRIPE_COLUMNS.split(","))
    for at_ms, trade, refund in _of_day(trades, day, UTC):
        at = clock_text(at_ms // 1_000, UTC)

        def row(category: str, gross: int, fee: int, refund_number: str = "") -> None:
            money = (text_of(x, trade.currency) for x in (gross, fee, gross - fee))  # noqa: B023
            about = (trade.reference, trade.reference, trade.number, refund_number)  # noqa: B023
            currency = trade.currency.lower()  # noqa: B023
            writer.writerow(["txn", at, currency, *money, category, *about])  # noqa: B023

        if refund is not None:
            row("refund", -refund.amount_minor, 0, refund.number)
        else:
            row("charge", trade.amount_minor, fee_of(trade.taken_minor))
            if rest := trade.amount_minor - trade.taken_minor:
                row("partial_capture_reversal", -rest, 0)
    return out.getvalue().encode()


def _of_day(
    trades: Iterable[Trade], day: date, zone: tzinfo, *, by_acceptance: bool = False
) -> Iterator[tuple[int, Trade, Refund | None]]:
    """What moved, in the order of time."""
    found: list[tuple[int, Trade, Refund | None]] = []
    for trade in trades:
        if trade.status == TAKEN:
            found.append((trade.taken_ms, trade, None))
        for refund in trade.refunds.values():
            if by_acceptance:
                found.append((refund.created_ms, trade, refund))
            elif refund.status == "SUCCESS":
                found.append((refund.done_ms, trade, refund))
    here = [x for x in found if datetime.fromtimestamp(x[0] / 1_000, zone).date() == day]
    return iter(sorted(here, key=lambda x: x[0]))


class _NamedInGbk(zipfile.ZipInfo):
    """Without the flag that says how a name is written, as Chinese programs do."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 — zipfile's own hook
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def _named(name: str) -> zipfile.ZipInfo:
    info = _NamedInGbk(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info
