"""What a store and a courier would tell you of bags that were left, or taken for another order."""

import pytest

from engine import commands as c
from engine import events as e
from engine.rejections import RejectionReason as Reason
from tests import cases
from tests.acceptance import test_rescuing_orders as rescues
from tests.cases import Case, city

D = "o/1"


def labelled(*labels: str, case: Case | None = None) -> Case:
    case = cases.assigned(case)
    case.at(case.now_s + 1, c.LabelOrder("store", "o", [*labels]))
    return case.emits(e.OrderLabelled("o", [*labels]))


def fetched(case: Case, *scanned: str, courier: str = "kim") -> Case:
    return case.at(case.now_s + 1, c.ReportPickup(courier, D, [*scanned]))


def test_who_reads_no_label_has_not_fetched_it():
    case = fetched(labelled("a7", "a8"))
    case.rejects(Reason.PROOF_REQUIRED, proof="scan", at_least=2)
    assert case.delivery().status != "picked_up"


def test_a_bag_that_is_left_and_one_of_somebody_else_are_told():
    case = fetched(labelled("a7", "a8"), "a7")
    case.rejects(Reason.PROOF_MISMATCH, left=1, not_of_this_order=[])
    fetched(case, "a7", "a8", "b1")
    case.rejects(Reason.PROOF_MISMATCH, left=0, not_of_this_order=["b1"])


def test_whoever_reads_hundreds_of_labels_hears_of_the_first_and_how_many_there_were():
    others = [f"x{n}" for n in range(300)]
    case = fetched(labelled("a7"), "a7", *others)
    many = {"not_of_this_order": others[:20], "not_of_this_order_count": 300}
    case.rejects(Reason.PROOF_MISMATCH, left=0, **many)
    fetched(case, *others[:20]).rejects(
        Reason.PROOF_MISMATCH, left=1, not_of_this_order=others[:20]
    )


def test_all_bags_in_any_order_are_the_order():
    fetched(labelled("a7", "a8"), "a8", "a7", "a7").includes(e.DeliveryPickedUp)


def test_what_was_never_labelled_is_fetched_as_ever():
    fetched(cases.assigned()).includes(e.DeliveryPickedUp)
    fetched(cases.assigned(), "whatever").includes(e.DeliveryPickedUp)


def test_a_store_labels_anew_or_takes_the_labels_off():
    case = labelled("a7")
    case.at(case.now_s + 1, c.LabelOrder("store", "o", ["b1"]))
    fetched(case, "a7").rejects(Reason.PROOF_MISMATCH, left=1, not_of_this_order=["a7"])
    case.at(case.now_s + 1, c.LabelOrder("store", "o", []))
    fetched(case).includes(e.DeliveryPickedUp)


def test_whoever_rescues_the_bags_reads_them_too():
    case = fetched(labelled("a7", case=city(1, ("kim", "lee"))), "a7")
    case.at(case.now_s + 1, c.ReportBreakdown("kim")).until_planning()
    case.plan(case.now_s, {"lee": cases.there()}, (D,)).includes(e.DeliveryOffered)
    case.at(case.now_s, c.AcceptOffer("lee", D))
    fetched(case, courier="lee").rejects(Reason.PROOF_REQUIRED, proof="scan", at_least=1)
    fetched(case, "a7", courier="lee").includes(e.DeliveryPickedUp)


def test_another_store_packs_other_bags():
    case = rescues.accepted()
    case.at(case.now_s + 1, c.LabelOrder("store", "o", ["a7"])).includes(e.OrderLabelled)
    case.at(case.now_s + 1, c.RejectOrder("store", "o", "cannot_prepare")).includes(e.OrderMoved)
    assert case.state.orders["o"].labels == []


@pytest.mark.parametrize("labels", [["a", "a"], ["a"] * 21, [""]])
def test_labels_are_different_and_few(labels):
    case = cases.accepted()
    case.at(case.now_s + 1, c.LabelOrder("store", "o", labels))
    assert case.events[0].reason is Reason.MALFORMED


def test_only_the_orders_own_store_labels_what_it_prepares():
    case = cases.confirmed()
    label = c.LabelOrder("store", "o", ["a7"])
    case.at(case.now_s + 1, label)
    assert case.events[0].reason is Reason.ILLEGAL_TRANSITION
    case.at(case.now_s + 1, c.LabelOrder("other", "o", ["a7"]))
    case.rejects(Reason.UNKNOWN, what="order", id="o")
    case = cases.on_board()
    case.at(case.now_s + 1, label)
    assert case.events[0].reason is Reason.ILLEGAL_TRANSITION
