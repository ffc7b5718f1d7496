"""Tables of who works in stores, and what a report makes of them: what the engine knows."""

import re

from engine import commands as c
from engine.rules.working_time import worked
from engine.values import HOUR, MINUTE, Break, Job
from gateway.cli import main
from tests.cases import city
from tests.gateway.test_history import days, random_day, told
from tests.journals import journal_of

H = 3_600


@days
def test_timecards_and_duties_are_those_the_engine_knows(seed):
    records, engine = random_day(seed)
    rows, staff = told(records), engine.state.staff
    assert [x["duty_id"] for x in rows["duties"]] == [*staff.duties]
    for x in rows["duties"]:
        duty = staff.duties[x["duty_id"]]
        assert (x["starts_at"], x["ends_at"]) == (duty.starts_at, duty.ends_at)
        assert (x["published"], x["dropped"]) == (duty.published, duty.dropped)
    assert [x["timecard_id"] for x in rows["timecards"]] == [*staff.timecards]
    for x in rows["timecards"]:
        card = staff[x["timecard_id"]]
        until = max(engine.now, card.ended_at)
        spent = worked(card, card.started_at, until, until)
        times = card.started_at, card.ended_at or None
        assert (x["started_at"], x["ended_at"]) == times
        assert (x["staff_id"], x["store_id"]) == (card.staff, card.store)
        assert (x["paid_ms"], x["unpaid_breaks_ms"]) == (spent.paid_ms, spent.unpaid_breaks_ms)
        assert (x["reason"] or "", x["forgotten"]) == (card.reason, card.forgotten)


def test_some_of_these_days_have_all_kinds_of_timecards():
    cards = [x for seed in days.args[1] for x in told(random_day(seed)[0])["timecards"]]
    assert {x["ended_at"] is None for x in cards} == {True, False}
    assert any(x["reason"] for x in cards)


def test_breaks_are_told_as_they_were_taken_and_corrections_last():
    case = (
        city(9)
        .at(0, c.ClockIn("store", "eve", Job.PICKER))
        .at(H, c.StartBreak("store", "eve", True))
        .at(H + 600, c.EndBreak("store", "eve"))
        .at(2 * H, c.StartBreak("store", "eve", False))
        .at(2 * H + 1_800, c.ClockOut("store", "eve"))
        .at(3 * H, c.ClockIn("store", "kim", Job.PICKER))
        .at(3 * H + 60, c.StartBreak("store", "kim", False))
        .at(3 * H + 120, c.Tick())
    )
    eve, kim = told(case.records)["timecards"]
    assert eve["ended_at"] == 2 * HOUR + 30 * MINUTE
    spent = ("paid_ms", "paid_breaks_ms", "unpaid_breaks_ms")
    assert [eve[x] // MINUTE for x in spent] == [120, 10, 30]
    assert [kim["ended_at"], *(kim[x] // MINUTE for x in spent)] == [None, 1, 0, 1]
    case.at(4 * H, c.CorrectTimecard("store", "eve/1", 0, 3 * HOUR, "left later"))
    eve, _ = told(case.records)["timecards"]
    assert [eve["reason"], *(eve[x] // MINUTE for x in spent)] == ["left later", 150, 10, 30]


def a_shift_in_a_store():
    """Eve was planned for four hours, was there for three, and had half an hour for herself."""
    pause = Break(2 * HOUR, 2 * HOUR + 30 * MINUTE, False)
    card = "store", "eve", Job.PICKER, HOUR, 4 * HOUR, [pause], "terminal was down"
    return (
        city(9)
        .at(0, c.DraftDuty("store", "d", "eve", Job.PICKER, HOUR, 5 * HOUR))
        .at(0, c.DraftDuty("store", "dropped", "kim", Job.PICKER, HOUR, 5 * HOUR))
        .at(0, c.PublishRoster("store"))
        .at(1, c.DropDuty("store", "dropped"))
        .at(5 * H, c.RecordTimecard(*card))
        .at(5 * H, c.PlaceOrder("o", "app", "nothing", "bank"))  # refused, and worth a report
    )


def test_a_report_lays_paid_hours_beside_planned_ones(tmp_path):
    journal_of(tmp_path, a_shift_in_a_store().records)
    page = tmp_path / "report.html"
    assert main(["report", str(tmp_path), "--out", str(page)]) == 0
    section = page.read_text().partition("People in stores")[2].partition("<h2")[0]
    text = re.sub(r"<[^>]+>|\s+", " ", section)
    assert "Noodles" in text
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", section)
    assert cells[:8] == ["Noodles", "1", "2.5", "4.0", "0.5", "0", "0.00", "0"]
    assert cells[8:] == ["eve", "picker", "1", "1", "2.5", "0.0", "0.5"]


def test_a_report_of_stores_without_people_says_nothing_of_them(tmp_path):
    case = city(9).at(5, c.PlaceOrder("o", "app", "nothing", "bank"))
    journal_of(tmp_path, case.records)
    page = tmp_path / "report.html"
    assert main(["report", str(tmp_path), "--out", str(page)]) == 0
    assert "People in stores" not in page.read_text()


def test_a_duty_is_told_as_published_and_as_dropped():
    told_of = {x["duty_id"]: x for x in told(a_shift_in_a_store().records)["duties"]}
    assert [told_of["d"]["published"], told_of["d"]["dropped"]] == [True, False]
    assert [told_of["dropped"]["published"], told_of["dropped"]["dropped"]] == [True, True]
