"""What carts cost after promotions: twenty of them to the last fen, and what holds for every one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules.discounting import Candidate, Cart, bargain, shares
from engine.rules.lines import cost, goods_total
from engine.terms import Action, ActionKind, Conditions, PromotionTerms, Selection
from engine.values import PricedLine

K = ActionKind
FEE = 500
ONE, ALL = Conditions(), Selection()
PRICES = {"ramen": 1_299, "tea": 333, "cake": 450, "beer": 700, "free": 0}
CATEGORIES = {"tea": ["hot", "drinks"], "beer": ["drinks"], "ramen": ["food"], "cake": ["food"]}
DRINKS, FOOD, TEA = Selection([], ["drinks"]), Selection([], ["food"]), Selection(["tea"])


def percent(permille, targets=ALL, limit=0):
    return Action(K.PERCENT, permille, limit_minor=limit, targets=targets)


def amount(minor, targets=ALL, kind=K.AMOUNT, limit=0):
    return Action(kind, amount_minor=minor, targets=targets, limit_minor=limit)


def of(buy, pay, targets=ALL):
    return Action(K.X_FOR_Y, targets=targets, buy=buy, pay=pay)


def gift(buy, get, targets=ALL, permille=1_000):
    return Action(K.BUY_GET, permille, targets=targets, buy=buy, get=get)


FREE_DELIVERY = Action(K.FREE_DELIVERY)


def when(**more):
    return Conditions(**more)


def p(*actions, when=ONE, **more):
    return PromotionTerms("p", when, list(actions), **more)


def cart(pieces: dict[str, int]) -> Cart:
    lines = [PricedLine(x, n, PRICES[x]) for x, n in pieces.items()]
    return Cart("store", lines, [CATEGORIES.get(x, []) for x in pieces], FEE, 0)


# What is in it, the promotions in alphabetical order, what each line costs, what delivery costs.
CARTS = [
    # 10 % of 1299 + 333 is 163.2: 163, of which the tea's share is 33.26 and ramen's 129.74
    ({"ramen": 1, "tea": 1}, [p(percent(100))], [1_169, 300], 500),
    # 5 off, in thirds: the unit that is left over goes to the earlier of equal fractions
    ({"tea": 1, "cake": 1, "beer": 1}, [p(amount(5))], [332, 448, 698], 500),
    ({"tea": 2}, [p(amount(10_000))], [0], 500),  # never below nothing
    ({"tea": 2}, [p(FREE_DELIVERY)], [666], 0),
    ({"tea": 2}, [p(Action(K.FREE_DELIVERY, limit_minor=300))], [666], 200),
    ({"ramen": 1, "tea": 2}, [p(percent(500, DRINKS))], [1_299, 333], 500),
    ({"ramen": 1, "tea": 2}, [p(amount(100, DRINKS, K.AMOUNT_EACH))], [1_299, 466], 500),
    ({"tea": 2, "cake": 1}, [p(amount(400, ALL, K.AMOUNT_EACH))], [0, 50], 500),
    ({"tea": 3}, [p(of(3, 2))], [666], 500),
    ({"tea": 7}, [p(of(3, 2))], [1_665], 500),  # two threes and one more
    ({"tea": 2, "beer": 1}, [p(of(3, 2, DRINKS))], [333, 700], 500),  # the cheapest is free
    ({"tea": 2, "ramen": 1}, [p(of(3, 2, DRINKS))], [666, 1_299], 500),
    # for every ramen a tea at half its price: two of three teas, 666 / 2
    (
        {"ramen": 2, "tea": 3},
        [p(gift(1, 1, TEA, 500), when=when(contains=FOOD))],
        [2_598, 666],
        500,
    ),
    # buy two get one, of the same: five are two and a half threes
    ({"tea": 5}, [p(gift(2, 1), when=when(contains=TEA))], [1_332], 500),
    ({"ramen": 1, "tea": 1}, [p(percent(100, limit=99))], [1_220, 313], 500),
    # 10 % off, then 20 off what is left
    ({"ramen": 1}, [p(percent(100)), p(amount(20))], [1_150], 500),
    ({"ramen": 1}, [p(percent(100), priority=2), p(amount(20), priority=1)], [1_152], 500),
    ({"ramen": 1}, [p(percent(100)), p(percent(500), exclusive=True)], [1_170], 500),
    ({"ramen": 1}, [p(percent(100), priority=1), p(percent(500), exclusive=True)], [650], 500),
    (
        {"ramen": 1, "tea": 3, "free": 2},
        [p(percent(333), FREE_DELIVERY, when=when(order_min_minor=2_298, pieces_min=6))],
        [867, 666, 0],
        0,
    ),
    ({"ramen": 1}, [p(FREE_DELIVERY, when=when(order_min_minor=1_300))], [1_299], 500),
]


@pytest.mark.parametrize(("pieces", "promotions", "costs", "fee"), CARTS)
def test_a_cart_costs_this_to_the_last_unit(pieces, promotions, costs, fee):
    candidates = [Candidate(f"p{n}", x) for n, x in enumerate(promotions)]
    found = bargain(cart(pieces), candidates)
    assert ([cost(x) for x in found.lines], found.fee_minor) == (costs, fee)
    listed = sum(PRICES[x] * n for x, n in pieces.items()) + FEE
    off = sum(x.goods_minor + x.fee_minor for x in found.discounts)
    assert goods_total(found.lines) + found.fee_minor == listed - off


# whatever is in the cart, and whatever holds


@st.composite
def carts(draw):
    pieces = st.dictionaries(st.sampled_from(list(PRICES)), st.integers(1, 9), min_size=1)
    return cart(draw(pieces))


selections = st.sampled_from([ALL, DRINKS, FOOD, TEA, Selection(["ramen", "free"], ["hot"])])
limits = st.sampled_from([0, 0, 1, 77])


@st.composite
def actions(draw):
    kind, targets, limit = draw(st.sampled_from(K)), draw(selections), draw(limits)
    permille, buy = draw(st.integers(1, 1_000)), draw(st.integers(2, 4))
    match kind:
        case K.PERCENT:
            return percent(permille, targets, limit)
        case K.FREE_DELIVERY:
            return Action(kind, limit_minor=limit)
        case K.X_FOR_Y:
            return of(buy, draw(st.integers(1, buy - 1)), targets)
        case K.BUY_GET:
            return gift(buy, draw(st.integers(1, 3)), targets, permille)
        case _:
            return amount(draw(st.integers(1, 2_000)), targets, kind, limit)


@st.composite
def candidates(draw):
    found = []
    for n in range(draw(st.integers(0, 4))):
        terms = PromotionTerms(
            "p",
            when(contains=draw(selections), order_min_minor=draw(st.sampled_from([0, 900]))),
            draw(st.lists(actions(), min_size=1, max_size=3)),
            bearer=draw(st.sampled_from(["", "store", "other"])),
            exclusive=draw(st.booleans()),
            priority=draw(st.integers(0, 2)),
        )
        found.append(Candidate(f"p{n}", terms, f"c{n}"))
    return found


@given(carts(), candidates())
def test_a_total_is_its_lines_less_their_discounts_and_what_is_left_of_the_fee(bought, offered):
    found = bargain(bought, offered)
    listed = sum(x.quantity * x.price_minor for x in bought.lines)
    goods = sum(x.goods_minor for x in found.discounts)
    assert goods_total(found.lines) == listed - goods
    assert sum(x.discount_minor for x in found.lines) == goods
    assert found.fee_minor == FEE - sum(x.fee_minor for x in found.discounts) >= 0
    platform = sum(x.goods_minor for x in found.discounts if not x.bearer)
    assert sum(x.subsidy_minor for x in found.lines) == platform
    for x in found.lines:
        assert 0 <= x.subsidy_minor <= x.discount_minor <= x.quantity * x.price_minor
    applied = [x.promotion for x in found.discounts]
    assert sorted(applied) == sorted(dict.fromkeys(applied))
    assert sorted([*found.unmet, *(x.coupon for x in found.discounts)]) == sorted(
        x.coupon for x in offered
    )
    exclusive = [x.promotion for x in offered if x.terms.exclusive]
    assert len(applied) <= 1 or not any(x in exclusive for x in applied)
    assert not any(x.bearer == "other" for x in found.discounts)


@given(carts(), candidates(), st.randoms())
def test_the_order_in_which_promotions_are_known_does_not_matter(bought, offered, random):
    shuffled = [*offered]
    random.shuffle(shuffled)
    one, other = bargain(bought, offered), bargain(bought, shuffled)
    assert (one.lines, one.fee_minor, one.discounts) == (
        other.lines,
        other.fee_minor,
        other.discounts,
    )


@given(st.lists(st.integers(0, 10**6), max_size=8), st.data())
def test_shares_sum_to_the_whole_and_none_is_off_by_a_unit(weights, data):
    whole = sum(weights)
    total = data.draw(st.integers(0, whole))
    found = shares(total, weights)
    assert sum(found) == total
    for share, weight in zip(found, weights, strict=True):
        exact = total * weight / whole if whole else 0
        assert 0 <= share <= weight
        assert abs(share - exact) < 1


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.integers(1, 3), st.integers(1, 3))
def test_a_piece_is_bought_or_given_and_not_both(pieces, buy, get):
    """Of so many of one kind, the most groups of `buy` and `get` that there are."""
    count = sum(pieces)
    lines = [PricedLine(f"x{n}", k, 100) for n, k in enumerate(pieces)]
    bought = Cart("store", lines, [[] for _ in lines], 0, 0)
    found = bargain(bought, [Candidate("p", p(gift(buy, get)))])
    groups, rest = divmod(count, buy + get)
    assert sum(x.goods_minor for x in found.discounts) == 100 * (groups * get + max(0, rest - buy))
