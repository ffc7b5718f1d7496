"""One timer for all that waits of a kind: who is due when, before and after a restart."""

from random import Random

import pytest

from engine import commands as c
from engine import events as e
from engine import snapshot
from engine.deadlines import AT_ONCE, Deadlines
from engine.settings import Settings
from engine.values import SECOND
from tests import cases


@pytest.mark.parametrize("seed", range(20))
def test_who_is_due_is_what_a_look_at_everybody_says(seed):
    chance, deadlines, until, now = Random(seed), Deadlines[str](), dict[str, int](), 1
    for _ in range(400):
        key = f"k{chance.randrange(12)}"
        match chance.randrange(4):
            case 0 | 1:
                until[key] = now + chance.randrange(50)
                deadlines.note(key, until[key])
            case 2:
                until.pop(key, None)
                deadlines.forget(key)
            case 3:
                now += chance.randrange(10)
        waiting = sorted((at, key) for key, at in until.items())
        assert deadlines.first() == (waiting[0] if waiting else None)
        assert deadlines.due(now) == [key for at, key in waiting if at <= now]
        assert Deadlines(until.items()).due(now) == [key for at, key in waiting if at <= now]


def test_very_many_are_due_in_several_turns():
    deadlines = Deadlines((f"k{n:03d}", 5) for n in range(AT_ONCE + 3))
    first = deadlines.due(5)
    assert len(first) == AT_ONCE
    for key in first:
        deadlines.forget(key)
    assert len(deadlines.due(5)) == 3


def ordered(case, orders):
    for name in orders:
        case.at(case.now_s, cases.quote(f"q{name}")).at(case.now_s, cases.place(name, f"q{name}"))
    return case


def test_who_pays_in_time_leaves_one_timer_for_who_does_not():
    case = ordered(cases.city(stock=3), ["a", "b", "x"])
    assert [type(x) for x in case.state.timers.commands.values()].count(c.ExpirePayment) == 1
    for name in ("a", "b"):
        case.at(5, cases.paid(name))
    case.at(120, c.Tick()).includes(e.PaymentFailed("x/1", "payment_timeout"))
    named = [r.command.payment for r in case.records if type(r.command) is c.ExpirePayment]
    assert len(named) == 1


def test_with_less_patience_from_now_on_the_later_order_is_due_first():
    case = ordered(cases.city(stock=2), ["long"])
    case.at(1, c.ChangeSettings(Settings(payment_timeout_ms=10 * SECOND)))
    ordered(case, ["short"])
    case.at(11, c.Tick()).includes(e.PaymentFailed("short/1", "payment_timeout"))
    assert case.state.orders["long"].status == "placed"
    case.at(120, c.Tick()).includes(e.PaymentFailed("long/1", "payment_timeout"))


def test_after_a_restart_everybody_is_still_waited_for():
    case = ordered(cases.city(stock=3), ["a", "b", "d"])
    case.at(1, cases.paid("a"))
    again = snapshot.load(snapshot.dump(case.engine))
    there, here = again.step(500 * SECOND, c.Tick()), case.engine.step(500 * SECOND, c.Tick())
    assert there == here
    events = [x for record in here for x in record.events]
    assert sum(isinstance(x, e.PaymentFailed) for x in events) == 2
    assert sum(isinstance(x, e.OrderCancelled) and x.reason == "store_silent" for x in events) == 1


def test_what_an_old_journal_waits_for_without_saying_until_when_expires_by_its_own_timer():
    case = ordered(cases.city(stock=1), ["o"])
    case.at(5, cases.paid())
    case.state.orders["o"].answer_until = 0
    old = snapshot.load(snapshot.dump(case.engine))
    records = old.step(2_000 * SECOND, c.Tick())
    events = [x for record in records for x in record.events]
    assert [x.reason for x in events if isinstance(x, e.OrderCancelled)] == ["store_silent"]


def test_when_one_offer_has_lapsed_the_next_lapses_at_its_own_time():
    case = cases.offered(cases.city(2, ("kim", "lee")), "a")
    case.at(case.now_s + 5, c.Tick())
    cases.offered(case, "b", "lee")
    due_s = [case.delivery(x).offer_until / SECOND for x in ("a", "b")]
    assert due_s[0] + 5 <= due_s[1]
    case.at(due_s[1] - 0.001, c.Tick()).includes(e.DeliveryUnassigned("a/1", "kim", "lapsed"))
    assert case.delivery("b").status == "offered"
    case.at(due_s[1], c.Tick()).includes(e.DeliveryUnassigned("b/1", "lee", "lapsed"))
