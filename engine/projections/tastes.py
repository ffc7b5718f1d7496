"""What is bought together, and what each customer likes. For suggestions; no decision reads it.

Item-based: how alike two products are is told by the customers who bought both (B. Sarwar et al.,
"Item-based collaborative filtering recommendation algorithms", WWW 2001), and how well they go
together by the baskets that had both. Everything kept is bounded: so many products, neighbors of
each, purchases of a customer, and customers; what is oldest or rarest goes first.
"""

from collections.abc import Iterator
from enum import StrEnum
from heapq import nlargest
from math import sqrt
from struct import Struct as Layout
from typing import NamedTuple

from msgspec import Struct

from engine import events as e
from engine.values import HOUR, CustomerId, Millis, OrderId, ProductId, Purpose, StoreId

PRODUCTS = 20_000
NEIGHBORS = 64  # kept of each product, at least
PURCHASES = 24  # different products kept of each customer
BEST_SELLERS, LOOKED_AGAIN = 100, 64  # of a store; after so many baskets
CUSTOMERS = 50_000  # kept at least, at most twice as many
TIMES = 2**16 - 1
BOUGHT = Layout("<IHI")  # product number, times, hour of the last time

HALF_LIFE_H = 30 * 24.0
OWN_TRUST, ALIKE_TRUST = 3.0, 1.0  # purchases, after which we go half by what they say
CHANCE = 4.0  # customers, or baskets, as chance would have them: against what was seen
LEAST_TOGETHER, DEVIATIONS = 3, 2.0  # less is chance
NOTABLE = 1.25  # times more often than by chance

Counts = dict[int, int]
Scores = dict[int, float]


class Basket(Struct, array_like=True):
    customer: CustomerId
    store: StoreId
    products: list[ProductId]  # each once


class Bought(NamedTuple):
    """`times` 0: did not like it."""

    product: int
    times: int
    hour: int


class Why(StrEnum):
    """What speaks for a product most."""

    TOGETHER = "together"  # it is bought with what is in the cart
    AGAIN = "again"  # the customer has bought it
    ALIKE = "alike"  # those who bought the same did
    POPULAR = "popular"


class Suggestion(NamedTuple):
    product: ProductId
    why: Why


class Shelf(NamedTuple):
    """What sold best in a store, and how much was sold there at all; right until so many baskets
    of the city."""

    best: list[int]
    total: int
    until: int


class Tastes(Struct, dict=True):
    """Products by number, in the order they were first sold. Invariant: counts are symmetric,
    but for neighbors that were dropped."""

    products: list[ProductId] = []
    baskets: int = 0
    in_baskets: list[int] = []  # by product
    together: list[Counts] = []  # by product and product: baskets that had both
    buyers: list[int] = []  # by product
    alike: list[Counts] = []  # by product and product: customers who bought both
    sold: dict[StoreId, Counts] = {}  # how many baskets had it there
    open: dict[OrderId, Basket] = {}
    recent: dict[CustomerId, bytes] = {}  # who bought lately,
    older: dict[CustomerId, bytes] = {}  # and who not so lately: dropped whole

    def __post_init__(self) -> None:
        # Derived, hence not fields.
        self.numbers = {key: n for n, key in enumerate(self.products)}
        self._shelves: dict[StoreId, Shelf] = {}

    # questions

    def suggested(
        self, store: StoreId, at: Millis, customer: CustomerId | None, cart: list[ProductId]
    ) -> list[Suggestion]:
        """Of what that store sells and the cart has not, best first.

        What everybody buys there; corrected by what this customer bought, the more the more that
        was; and by what is bought together with the cart. No customer: nothing is known of him.
        """
        known = list(self._bought(customer)) if customer is not None else []
        inside = [n for x in cart if (n := self.numbers.get(x)) is not None]
        near = ([x.product for x in known], self.alike), (inside, self.together)
        scores = likely = popular = self._popular(store, *near)
        weights = {x.product: x.times * _fading(x.hour, at) for x in known}
        own = {j: weight for j, weight in weights.items() if weight and j in popular}
        if weights:
            customers = len(self.recent) + len(self.older)
            lifts = _lifts(weights, self.alike, self.buyers, customers)
            likely = _mixed(popular, _lifted(popular, lifts), ALIKE_TRUST, weights)
            scores = _mixed(likely, _shares(own), OWN_TRUST, own)
        share, companions = self._companions(inside, popular)
        scores = {j: (1 - share) * x + share * companions.get(j, 0.0) for j, x in scores.items()}
        left_out = [*inside, *(x.product for x in known if not x.times)]
        best = sorted((j for j in scores if j not in left_out), key=lambda j: (-scores[j], j))
        return [
            Suggestion(self.products[j], _why(j, companions, own, likely[j] / popular[j]))
            for j in best
        ]

    # records

    def placed(self, _: Millis, x: e.OrderPlaced) -> None:
        products = list(dict.fromkeys(line.product for line in x.lines))
        self.open[x.order] = Basket(x.customer, x.store, products)

    def reduced(self, _: Millis, x: e.OrderReduced) -> None:
        if x.order in self.open:
            left = dict.fromkeys(line.product for line in x.lines)
            self.open[x.order].products = list(left)

    def fulfilled(self, at: Millis, x: e.OrderFulfilled) -> None:
        basket = self.open.pop(x.order, None)
        if basket is None:
            return
        numbers = [n for key in basket.products if (n := self._number(key)) is not None]
        sold = self.sold.setdefault(basket.store, {})
        self.baskets += 1
        for i in numbers:
            self.in_baskets[i] += 1
            sold[i] = sold.get(i, 0) + 1
            for j in numbers:
                if i != j:
                    _count(self.together[i], j)
        self._remember(basket.customer, numbers, at // HOUR)

    def ended(self, _: Millis, x: e.OrderCancelled | e.OrderReturned | e.OrderWrittenOff) -> None:
        self.open.pop(x.order, None)

    def rated(self, _: Millis, x: e.OrderRated) -> None:
        """What somebody did not like is not suggested to him until he buys it again."""
        known = list(self._bought(x.customer))
        disliked = [self.numbers.get(key) for key in x.disliked]
        changed = [y._replace(times=0) if y.product in disliked else y for y in known]
        if changed != known:
            self._keep(x.customer, changed)

    def consented(self, _: Millis, x: e.ConsentSet) -> None:
        if x.purpose is Purpose.PERSONALIZATION and not x.given:
            self._drop(x.customer)

    def forgotten(self, _: Millis, x: e.CustomerForgotten) -> None:
        self._drop(x.customer)

    # internals

    def _popular(self, store: StoreId, *near: tuple[list[int], list[Counts]]) -> Scores:
        """What comes into question there: what sells best, and what is near to something; each by
        its share of all that is sold there. What sells best is looked for now and then only."""
        sold = self.sold.get(store, {})
        shelf = self._shelves.get(store)
        if shelf is None or not shelf.total or self.baskets >= shelf.until:
            best = nlargest(BEST_SELLERS, sold, key=lambda j: (sold[j], -j))
            shelf = Shelf(best, sum(sold.values()), self.baskets + LOOKED_AGAIN)
            self._shelves[store] = shelf
        found = dict.fromkeys(shelf.best)
        for products, pairs in near:
            found |= dict.fromkeys(products)
            for i in products:
                found |= dict.fromkeys(pairs[i])
        return {j: sold[j] / shelf.total for j in found if j in sold}

    def _number(self, key: ProductId) -> int | None:
        """None: there are too many, and this one is new."""
        number = self.numbers.get(key)
        if number is None and len(self.products) < PRODUCTS:
            number = self.numbers[key] = len(self.products)
            self.products.append(key)
            for column in (self.in_baskets, self.buyers):
                column.append(0)
            for counts in (self.together, self.alike):
                counts.append({})
        return number

    def _remember(self, customer: CustomerId, numbers: list[int], hour: int) -> None:
        """What was bought last comes first; what is bought anew makes products alike."""
        known = {x.product: x for x in self._bought(customer)}
        for i in numbers:
            if i not in known:
                self.buyers[i] += 1
                for j in known:
                    _count(self.alike[i], j)
                    _count(self.alike[j], i)
            times = known.pop(i).times if i in known else 0
            known = {i: Bought(i, min(times + 1, TIMES), hour), **known}
        self._keep(customer, list(known.values())[:PURCHASES])

    def _bought(self, customer: CustomerId) -> Iterator[Bought]:
        packed = self.recent.get(customer) or self.older.get(customer, b"")
        return map(Bought._make, BOUGHT.iter_unpack(packed))

    def _companions(self, inside: list[int], popular: Scores) -> tuple[float, Scores]:
        """What is found beside these more often than chance would have it, and by so much; and
        which share of all that was found beside them this is."""
        excess: Scores = {}
        beside = 0
        for i in inside:
            for j, count in self.together[i].items():
                beside += count
                chance = self.in_baskets[i] * self.in_baskets[j] / self.baskets
                if count >= LEAST_TOGETHER and count > chance + DEVIATIONS * sqrt(chance):
                    excess[j] = excess.get(j, 0.0) + count - chance
        share = sum(excess.values()) / beside if beside else 0.0
        return share, _shares({j: x for j, x in excess.items() if j in popular and j not in inside})

    def _keep(self, customer: CustomerId, bought: list[Bought]) -> None:
        if len(self.recent) >= CUSTOMERS and customer not in self.recent:
            self.older, self.recent = self.recent, {}
        self.older.pop(customer, None)
        self.recent[customer] = b"".join(BOUGHT.pack(*x) for x in bought)

    def _drop(self, customer: CustomerId) -> None:
        self.recent.pop(customer, None)
        self.older.pop(customer, None)


def _count(counts: Counts, j: int) -> None:
    """One more; now and then the rarest are dropped."""
    counts[j] = counts.get(j, 0) + 1
    if len(counts) > 2 * NEIGHBORS:
        kept = sorted(counts, key=lambda k: (-counts[k], k))[:NEIGHBORS]
        for k in [k for k in counts if k not in kept]:
            del counts[k]


def _fading(hour: int, at: Millis) -> float:
    """What was bought a month ago says half as much."""
    return float(0.5 ** ((at // HOUR - hour) / HALF_LIFE_H))


def _shares(weights: Scores) -> Scores:
    total = sum(weights.values())
    return {j: weight / total for j, weight in weights.items()} if total else {}


def _mixed(known: Scores, better: Scores, trust: float, evidence: Scores) -> Scores:
    """The more evidence, the more of what is better."""
    weight = sum(evidence.values())
    if not better or not weight:
        return known
    share = weight / (weight + trust)
    return {j: (1 - share) * x + share * better.get(j, 0.0) for j, x in known.items()}


def _lifts(weights: Scores, pairs: list[Counts], each: list[int], all_: int) -> Scores:
    """How much more often than by chance each is found with these, on average, less one."""
    lifts: Scores = {}
    total = sum(weights.values()) or 1.0
    for i, weight in weights.items():
        for j, count in pairs[i].items():
            chance = each[i] * each[j] / all_
            lift = (count + CHANCE) / (chance + CHANCE)
            lifts[j] = lifts.get(j, 0.0) + weight / total * (lift - 1.0)
    return lifts


def _lifted(scores: Scores, lifts: Scores) -> Scores:
    return _shares({j: x * max(0.0, 1.0 + lifts.get(j, 0.0)) for j, x in scores.items()})


def _why(j: int, companions: Scores, own: Scores, lift: float) -> Why:
    if j in companions:
        return Why.TOGETHER
    if j in own:
        return Why.AGAIN
    return Why.ALIKE if lift >= NOTABLE else Why.POPULAR
