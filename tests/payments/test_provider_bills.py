"""Bills in each provider's own format: read exactly, or refused; and five defects are five."""

import copy
import io
import zipfile
from datetime import UTC, date, datetime

import aiohttp
import pytest

from engine.values import MovementKind
from gateway import messages as m
from gateway.clock import wall_ms
from gateway.commands import reconcile
from gateway.providers import alipay_bill, stripe_bill, wechat_bill
from gateway.providers.days import BEIJING
from gateway.providers.port import Billed, BillError
from gateway.providers.sandbox import bills
from gateway.providers.sandbox.trades import TAKEN, Refund, Trade
from tests.practice import (
    PAYING,
    PROVIDERS,
    TOTAL,
    balance,
    becomes,
    brought,
    ordered,
    practice,
    quiet,
    settled_becomes,
    status_becomes,
)
from tests.serving import live

PAY, BACK = MovementKind.PAYMENT, MovementKind.REFUND
NOON_MS = 1_764_216_000_000  # 12:00 in Beijing
DAY = date(2025, 11, 27)
MCH, APP, SELLER = "1900000109", "wx8888", "2088000001"


def trade(provider: str, number: str, amount: int = 1_700, taken: int | None = None) -> Trade:
    made = Trade(provider, number, f"T{number}", amount, "CNY", f"{number}/1", "", NOON_MS)
    made.status, made.paid_ms, made.taken_ms = TAKEN, NOON_MS, NOON_MS
    made.taken_minor = amount if taken is None else taken
    return made


def with_refund(made: Trade, number: str, amount: int, status: str = "SUCCESS") -> Trade:
    made.refunds[number] = Refund(number, f"R{number}", amount, NOON_MS + 1, status, NOON_MS + 2)
    return made


def written(provider: str, *trades: Trade, day: date = DAY) -> bytes:
    if provider == "wechat":
        return bills.wechat_bill(trades, day, MCH, APP)
    if provider == "alipay":
        return bills.alipay_bill(trades, day, SELLER)
    return bills.stripe_bill(trades, day)


def read(provider: str, data: bytes, currency: str = "CNY") -> list[Billed]:
    if provider == "wechat":
        return wechat_bill.lines_of(data, MCH, currency)
    if provider == "alipay":
        return alipay_bill.lines_of(data, currency)
    return stripe_bill.lines_of(data, currency)


def facts(lines: list[Billed]) -> list[tuple]:
    return [(x.kind, x.number, x.amount_minor, x.moved) for x in lines]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_a_provider_writes_is_what_we_read(provider):
    data = written(provider, with_refund(trade(provider, "a"), "r", 301), trade(provider, "b", 1))
    assert facts(read(provider, data)) == [
        (PAY, "a", 1_700, True),
        (PAY, "b", 1, True),
        (BACK, "r", 301, True),
    ]


def test_fees_are_what_they_keep():
    wechat = read("wechat", written("wechat", with_refund(trade("wechat", "a"), "r", 1_000)))
    assert [x.fee_minor for x in wechat] == [10, -6]
    alipay = read("alipay", written("alipay", with_refund(trade("alipay", "a"), "r", 1_000)))
    assert [x.fee_minor for x in alipay] == [10, -6]
    assert [x.fee_minor for x in read("stripe", written("stripe", trade("stripe", "a")))] == [10]


def test_wechats_bill_is_in_yuan_behind_backticks_and_divided_by_them():
    data = written("wechat", trade("wechat", "a", 1_999))
    row = data.decode().splitlines()[1]
    assert row.startswith("`2025-11-27 12:00:00,`wx8888,`1900000109,")
    assert ",`Order, of noodles,`" in row  # a comma in a name divides nothing
    assert ",`19.99," in row


def test_alipays_bill_is_a_zip_in_gbk():
    data = written("alipay", trade("alipay", "a", 1_999))
    with zipfile.ZipFile(io.BytesIO(data), metadata_encoding="gbk") as archive:
        names = archive.namelist()
        assert [x.endswith("_业务明细.csv") for x in names] == [True, False]
        assert "业务类型" in archive.read(names[0]).decode("gbk")
    inside = zipfile.ZipFile(io.BytesIO(data)).read(zipfile.ZipFile(io.BytesIO(data)).namelist()[0])
    assert read("alipay", inside) == read("alipay", data)


def test_stripe_writes_a_capture_of_less_as_two_lines():
    data = written("stripe", trade("stripe", "a", 2_900, taken=1_700))
    assert data.decode().count("partial_capture_reversal") == 1
    assert facts(read("stripe", data)) == [(PAY, "a", 1_700, True)]


def test_a_refund_under_way_that_night_says_nothing_for_good():
    data = written("wechat", with_refund(trade("wechat", "a"), "r", 300, "PROCESSING"))
    assert read("wechat", data)[1] == Billed(BACK, "r", 300, -2, True, "PROCESSING", False)
    data = written("wechat", with_refund(trade("wechat", "a"), "r", 300, "CLOSED"))
    assert read("wechat", data)[1].moved is False


@pytest.mark.parametrize("provider", PROVIDERS)
def test_another_day_is_another_bill(provider):
    assert read(provider, written(provider, trade(provider, "a"), day=date(2025, 11, 28))) == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_bill_cut_short_or_in_another_currency_is_refused(provider):
    data = written(provider, trade(provider, "a"), trade(provider, "b"))
    if provider != "stripe":  # whose file has no end mark: there, a cut line is seen
        with pytest.raises(BillError):
            read(
                provider,
                b"\r\n".join(data.split(b"\r\n")[:-3]) if provider == "wechat" else data[:-40],
            )
    with pytest.raises(BillError):
        read(provider, data[: len(data) - 25])
    with pytest.raises(BillError):
        read(provider, b"")
    with pytest.raises(BillError):
        read(provider, b"\xff\xfe nothing of the kind")
    if provider != "alipay":  # which has only one
        with pytest.raises(BillError, match=r"CNY|cny"):
            read(provider, data, "USD")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"`17.00,", b"`17.001,"),
        (b"`17.00,", b"`17,00,"),
        (b"`SUCCESS,", b"`MAYBE,"),
        (b"`1900000109,", b"`1900000110,"),
        ("订单金额".encode(), "金额".encode()),
        (b"\r\n`2,", b"\r\n`3,"),
        (b"`CNY,", b"`USD,"),
    ],
)
def test_what_is_wrong_in_wechats_bill_is_found(old, new):
    data = written("wechat", trade("wechat", "a"), trade("wechat", "b"))
    assert old in data
    with pytest.raises(BillError):
        read("wechat", data.replace(old, new))


def test_a_zip_without_details_or_a_category_nobody_knows_is_refused():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("readme.csv", "nothing")
    with pytest.raises(BillError, match="0 files"):
        read("alipay", packed.getvalue())
    data = written("stripe", trade("stripe", "a")).replace(b"charge", b"mystery")
    with pytest.raises(BillError, match="mystery"):
        read("stripe", data)


# a whole day, over HTTP


def today(provider: str) -> date:
    zone = UTC if provider == "stripe" else BEIJING
    return datetime.fromtimestamp(wall_ms() / 1_000, zone).date()


async def bring(p, provider, data, role="operator", query="?early=yes"):
    port, token = p.app.payments.webhooks.port, p.app.mint(role, "ops")
    url = f"http://127.0.0.1:{port}/bills/{provider}/{today(provider)}{query}"
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=data, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def a_day(p, provider):
    """Five orders paid, one of them delivered and partly refunded; and one nobody paid for."""
    for number in range(5):
        await ordered(p.city, f"o{number}", provider)
    for number in range(5):
        await status_becomes(p, f"o{number}/1", "authorized")
    for number in range(5):
        await brought(p, f"o{number}")
        await settled_becomes(p, f"o{number}/1/capture")
    await p.city.operator.request(m.RefundOrder("r", "o0", m.Money(300, "CNY"), "cold"))
    await settled_becomes(p, "o0/refund/r")
    await quiet(p)


@pytest.mark.parametrize("provider", PROVIDERS)
@live
async def test_a_day_agrees_and_its_fees_are_booked(tmp_path, provider):
    async with practice(tmp_path, PAYING) as p:
        await a_day(p, provider)
        assert (await bring(p, provider, b"", role="store"))[0] == 403
        assert (await bring(p, "nobody", b""))[0] == 404
        assert (await bring(p, provider, b"nonsense"))[0] == 422
        assert await bring(p, provider, b"", query="") == (409, {"code": "day_not_over"})
        before = balance(p, f"provider:{provider}")
        status, told = await bring(p, provider, b"")  # fetched by us, from them
        assert status == 200, told
        found = told["reconciliation"]
        assert (found["lines"], found["agreed"], found["differences"]) == (6, 6, 0)
        fees = balance(p, "platform:provider_fees")
        assert fees == found["fees_minor"] > 0
        assert balance(p, f"provider:{provider}") == before - fees
        assert await bring(p, provider, b"") == (409, {"code": "already_exists"})
        listed = await p.city.operator.request(m.ListReconciliations(provider))
        assert [x.agreed for x in listed.reconciliations] == [6]


@pytest.mark.parametrize("provider", PROVIDERS)
@live
async def test_a_bill_with_five_defects_finds_exactly_five(tmp_path, provider):
    async with practice(tmp_path, PAYING) as p:
        await a_day(p, provider)
        p.sandbox.conduct = PAYING.__class__(pays=0.0)
        await ordered(p.city, "o5", provider)
        await becomes(lambda: len(p.sandbox.trades.all), 6)
        await p.city.shop.request(m.CancelOrder("o5", "changed_mind"))
        await becomes(lambda: p.state.payments["o5/1"].withdrawn, True)
        trades = copy.deepcopy(p.sandbox.trades.of_provider(provider))
        trades[1].amount_minor += 1  # 1: another amount
        trades[1].taken_minor += 1
        del trades[2]  # 2: not there
        trades.append(trades[2])  # 3: o3 twice there
        trades[4].status, trades[4].paid_ms, trades[4].taken_ms = TAKEN, wall_ms(), wall_ms()
        trades[4].taken_minor = TOTAL  # 4: o5 paid there, given up here
        strange = copy.deepcopy(trades[0])
        strange.number, strange.reference, strange.refunds = "strange", "x", {}
        trades.append(strange)  # 5: nobody here knows it
        status, told = await bring(p, provider, written_by(p, provider, trades))
        assert status == 200, told
        found = [(x["kind"], x.get("key")) for x in told["differences"]["differences"]]
        assert sorted(found) == [
            ("amount_differs", "o1/1"),
            ("missing_here", ""),
            ("missing_here", "o3/1"),
            ("missing_there", "o2/1"),
            ("state_differs", "o5/1"),
        ]
        one = told["reconciliation"]["reconciliation"]
        await p.city.operator.request(m.ResolveDifference(one, 0, "looked at", True))
        after = await p.city.operator.request(m.ListDifferences(one))
        assert [x.note for x in after.differences].count("looked at") == 1


def written_by(p, provider, trades):
    names = p.sandbox._identity.names
    if provider == "wechat":
        return bills.wechat_bill(trades, today(provider), names.mchid, names.appid)
    if provider == "alipay":
        return bills.alipay_bill(trades, today(provider), names.seller_id)
    return bills.stripe_bill(trades, today(provider))


@live
async def test_the_command_line_does_the_same_with_or_without_a_server(tmp_path, capsys):
    async with practice(tmp_path, PAYING) as p:
        await a_day(p, "wechat")
        bill = tmp_path / "bill.csv"
        bill.write_bytes(p.sandbox.bill("wechat", today("wechat")))
        told, found = await reconcile._there(
            tmp_path, "wechat", today("wechat"), bill.read_bytes(), True
        )
        assert (told.agreed, told.differences, found.differences) == (6, 0, [])
        stripes = p.sandbox.bill("stripe", today("stripe"))
    told, found = await reconcile._here(tmp_path, "stripe", today("stripe"), stripes, True)
    said = reconcile.lines(told, found)
    assert said == [f"stripe/{today('stripe')}: 0 lines, 0 agree, 0 differ; fees 0"]
    with pytest.raises(ValueError, match="already_exists"):
        await reconcile._here(tmp_path, "stripe", today("stripe"), stripes, True)
    with pytest.raises(ValueError, match="not configured"):
        await reconcile._here(tmp_path, "paypal", today("stripe"), stripes, True)
