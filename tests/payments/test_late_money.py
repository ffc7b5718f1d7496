"""Money that lands after an order was given up: it goes back, and nothing is sold twice."""

from engine import commands as c
from engine import events as e
from tests import cases
from tests.cases import city


def test_money_for_what_somebody_else_has_by_now_goes_back_and_nothing_is_sold_twice():
    """Paid a moment after it expired: the piece is another's, and stays that."""
    case = cases.placed(city(1))
    case.at(case.now_s + 121, c.Tick()).includes(e.OrderCancelled, e.StockReleased)
    cases.confirmed(case, "b")
    before = case.state.inventory.get("store", "ramen").reserved
    case.at(case.now_s + 1, cases.paid("o")).includes(e.InstructionIssued)
    [back] = [x for x in case.everything if isinstance(x, e.InstructionIssued)]
    assert (back.kind, back.payment) == ("void", "o/1")
    taken = cases.paid("o")
    case.at(case.now_s + 1, taken)  # told again
    assert not [x for x in case.everything if isinstance(x, e.InstructionIssued)]
    assert case.state.inventory.get("store", "ramen").reserved == before == 1
    assert case.state.orders["o"].status == "cancelled"
    assert case.state.orders["b"].status == "confirmed"


def test_money_that_was_moved_already_comes_back_and_the_books_are_even():
    case = cases.placed(city(1))
    case.at(case.now_s + 121, c.Tick()).includes(e.OrderCancelled)
    told = c.ReportAuthorization("bank", "o/1", True, cases.TOTAL, "ref", True)
    case.at(case.now_s + 1, told).includes(e.InstructionIssued)
    assert not any(case.state.ledger.balances.values())  # it came, and is to go
    [back] = [x for x in case.everything if isinstance(x, e.InstructionIssued)]
    case.at(case.now_s + 1, cases.settled(back.instruction))
    assert not any(case.state.ledger.balances.values())
