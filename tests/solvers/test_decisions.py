"""How an order changed hands: all of it, and who could have taken it is who could have then."""

import pytest

from engine import commands as c
from engine import events as e
from engine.engine import Engine
from engine.values import MINUTE, Fulfillment, Line, Millis, Proof
from gateway.cli import main
from gateway.commands.explain import lines
from solvers.crossing.decisions import decisions
from solvers.crossing.explanation import explain
from tests.journals import journal_of
from tests.solvers.test_bridge import Evening

NOON = "1970-01-01T00:00:{:02d}+00:00"


class Noted(Evening):
    """An evening that keeps its records."""

    def __init__(self, couriers: int = 2, **settings: int) -> None:
        self.records = []
        super().__init__(couriers, **settings)

    def do(self, second, command):
        records = self.engine.step(Millis(int(second * 1_000)), command)
        self.records += records
        assert records[-1].rejection is None, records[-1]
        return records[-1].events

    def history(self, order="o"):
        return list(decisions(self.records, Engine(), order))


def declined():
    """Whoever is offered it first does not want it; the other brings it."""
    evening = Noted(couriers=2)
    evening.order(10, "o", ready_s=30)
    evening.plan(11)
    first = evening.engine.state.deliveries["o/1"].courier
    evening.do(12, c.DeclineOffer(first, "o/1", "flat tyre"))
    evening.plan(20)
    second = evening.engine.state.deliveries["o/1"].courier
    evening.do(21, c.AcceptOffer(second, "o/1"))
    return evening, first, second


def test_every_time_an_order_changed_hands_is_told_with_the_reason():
    evening, first, second = declined()
    assert first != second
    assert [(x.at // 1_000, x.what, x.courier, x.why) for x in evening.history()] == [
        (11, "planned", first, ""),
        (11, "offered", first, ""),
        (12, "taken back", first, "declined: flat tyre"),
        (20, "planned", second, ""),
        (20, "offered", second, ""),
        (21, "accepted", second, ""),
    ]


def test_who_could_have_taken_it_is_who_could_have_just_before():
    evening, first, second = declined()
    [one, two] = [x for x in evening.history() if x.what == "planned"]
    assert one.could[0].courier == first
    assert len(one.could) == 2
    assert [x.courier for x in two.could] == [second]  # the other has declined it
    engine = Engine()
    engine.apply_all(x for x in evening.records if x.seq < two.seq)
    assert explain(engine.state, "o", two.at).alternatives == two.could


def test_an_operator_who_overrules_the_planner_is_told_with_his_reason():
    evening = Noted(couriers=2, offer_timeout_ms=0)
    evening.order(10, "o", ready_s=30 * 60)
    evening.plan(11)
    planned = evening.engine.state.deliveries["o/1"].courier
    other = "c1" if planned == "c0" else "c0"
    evening.do(20, c.AssignDelivery(other, "o/1", "knows the house"))
    told = [(x.what, x.courier, x.why) for x in evening.history()]
    assert told[0] == ("planned", planned, "")
    assert ("offered", other, "knows the house") in told
    assert all(not x.could for x in evening.history() if x.what != "planned")


def test_what_happens_to_others_is_not_told():
    evening, *_ = declined()
    before = evening.history()
    evening.order(30, "p", ready_s=60)
    evening.plan(31)
    assert evening.history() == before
    assert [x.what for x in evening.history("p")][:1] == ["planned"]
    assert evening.history("nobody's") == []


def test_the_command_tells_how_it_came_to_that_and_how_it_was_at_any_time(tmp_path, capsys):
    evening, first, second = declined()
    journal_of(tmp_path, evening.records)
    assert main(["explain", str(tmp_path), "o"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("o at 1970-01-01 00:00:21 UTC: ")
    assert f"00:00:12  taken back {first} (declined: flat tyre)\n" in text
    assert f"00:00:20  planned {second}\n" in text
    assert main(["explain", str(tmp_path), "o", "--at", NOON.format(15)]) == 0
    then = capsys.readouterr().out
    assert then.startswith("o at 1970-01-01 00:00:15 UTC: created, on no route\n")
    assert f"1. {second}: " in then
    assert "00:00:20" not in then


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOON.format(5), "no order o in"),
        ("1969-12-31T23:59:59+00:00", "before the journal begins"),
        (NOON.format(59), "after the journal ends"),
        ("noon", "a time is written"),
        ("1970-01-01T00:00:15", "which time zone?"),
    ],
)
def test_a_time_that_tells_nothing_of_it_is_refused_in_one_line(tmp_path, capsys, at, said):
    evening, *_ = declined()
    journal_of(tmp_path, evening.records)
    assert main(["explain", str(tmp_path), "o", "--at", at]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert told.err.count("\n") == 1


def standing(evening, order="o"):
    state, now = evening.engine.state, evening.engine.now
    return next(lines(explain(state, order, now), state.orders[order], now)).partition(": ")[2]


def test_what_no_plan_has_says_why():
    evening = Noted()
    home = evening.engine.state.stores["s"].location
    evening.do(10, c.RequestQuote("q", "svc", "ann", "s", [Line("p", 1)], home))
    evening.do(10, c.PlaceOrder("o", "svc", "q", "bank"))
    assert standing(evening) == "not paid yet"
    due = evening.engine.state.orders["o"].due_minor
    evening.do(11, c.ReportAuthorization("bank", "o/1", True, due))
    assert standing(evening) == "not accepted by its store yet"
    assert not explain(evening.engine.state, "o", Millis(11_000)).settled
    evening.do(12, c.RejectOrder("s", "o", "too_busy"))
    assert standing(evening) == "cancelled (store/too_busy)"
    assert explain(evening.engine.state, "o", Millis(12_000)).settled


def test_what_is_collected_is_nobodys_to_carry():
    evening = Noted()
    home = evening.engine.state.stores["s"].location
    lines_, way = [Line("p", 1)], Fulfillment.COLLECTION
    evening.do(10, c.RequestQuote("q", "svc", "ann", "s", lines_, home, fulfillment=way))
    evening.do(10, c.PlaceOrder("o", "svc", "q", "bank", proof=Proof.PIN, pin="271828"))
    due = evening.engine.state.orders["o"].due_minor
    evening.do(11, c.ReportAuthorization("bank", "o/1", True, due))
    [*_] = evening.do(12, c.AcceptOrder("s", "o", Millis(2 * MINUTE)))
    assert not any(isinstance(x, e.DeliveryCreated) for r in evening.records for x in r.events)
    assert standing(evening) == "accepted, and collected by the customer: nobody is to carry it"


def test_a_plan_that_leaves_it_where_it_was_is_no_change():
    evening = Noted()
    evening.order(10, "o", ready_s=15 * 60)
    evening.plan(11)
    evening.plan(60)
    kinds = [type(x) for x in evening.plan(14 * 60)]
    assert e.DeliveryOffered in kinds
    assert [x.what for x in evening.history()] == ["planned", "offered"]
