"""Customers: who comes when, what they want, and what they do with the answer."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from engine.commands import CancelOrder, PlaceOrder, RegisterCustomer, RequestQuote
from engine.events import CommandRejected, QuoteOffered
from engine.rejections import RejectionReason
from engine.rules.cancelling import reasons
from engine.values import (
    HOUR,
    MINUTE,
    SECOND,
    Actor,
    CustomerId,
    Line,
    Millis,
    OrderId,
    Proof,
    ProviderId,
    QuoteId,
    ServiceId,
)
from geo.points import Point
from simulation.city import Neighborhoods, StoreSite
from simulation.scenario import Scenario
from simulation.streams import Draws, RandomStreams
from simulation.world import World

SERVICE = ServiceId("app")
LATER_THAN_WANTED = "promise_too_late"  # not a rejection: the customer said no
CHANGES_MIND_S = 90.0  # on average


@dataclass(frozen=True, slots=True)
class Wish:
    """One visit of one customer: everything that is settled before the engine says a word."""

    number: int
    customer: CustomerId
    home: Point
    store: StoreSite
    lines: list[Line]
    thinks_ms: int
    longest_promise_ms: int
    tolerance_ms: int
    comes_back: bool
    changes_mind_after_ms: int | None
    pin: str


class Arrivals:
    """When customers come: a Poisson process whose intensity follows the scenario's profile.

    Unit exponential gaps on the scale of the expected count, mapped back to time (time
    rescaling; E. Çinlar, Introduction to Stochastic Processes, 1975, ch. 4.7).
    """

    def __init__(self, scenario: Scenario, streams: RandomStreams) -> None:
        demand = scenario.demand
        parts, total = demand.profile, sum(demand.profile)
        self._starts_ms = scenario.starts_ms
        self._part_ms = scenario.hours * HOUR / len(parts)
        self._expected = [demand.orders * x / total for x in parts]
        self._streams = streams

    def __iter__(self) -> Iterator[Millis]:
        draws = self._streams.named("arrivals")
        sums = [0.0]
        for count in self._expected:
            sums.append(sums[-1] + count)
        mark = draws.exponential(1.0)
        while mark < sums[-1]:
            part = bisect_left(sums, mark) - 1
            share = (mark - sums[part]) / self._expected[part]
            yield Millis(self._starts_ms + int((part + share) * self._part_ms))
            mark += draws.exponential(1.0)


class Population:
    """Turns the n-th visit into a wish. Nothing the engine does changes what people want."""

    def __init__(self, scenario: Scenario, streams: RandomStreams, sites: list[StoreSite]) -> None:
        self._demand = scenario.demand
        self._load_max = scenario.engine.load_max
        self._streams = streams
        self._sites = sites
        self._neighborhoods = Neighborhoods(scenario, streams, sites)

    def wish(self, number: int) -> Wish:
        demand, draws = self._demand, self._streams.named("wish", number)
        customer = draws.below(demand.customers)
        home = self._neighborhoods.home(customer)
        store = self._sites[draws.pick(self._neighborhoods.tastes(home))]
        mind = round(draws.exponential(CHANGES_MIND_S) * SECOND)
        return Wish(
            number=number,
            customer=CustomerId(f"customer-{customer}"),
            home=home,
            store=store,
            lines=self._basket(store, draws),
            thinks_ms=demand.thinking_s.draw_ms(draws),
            longest_promise_ms=int(demand.longest_promise_min.draw(draws) * MINUTE),
            tolerance_ms=int(demand.tolerance_min.draw(draws) * MINUTE),
            comes_back=draws.chance(demand.comes_back),
            changes_mind_after_ms=mind if draws.chance(demand.changes_mind) else None,
            pin=f"{draws.below(10_000):04d}" if draws.chance(demand.wants_pin) else "",
        )

    def _basket(self, store: StoreSite, draws: Draws) -> list[Line]:
        """As many lines as wanted, as long as a courier can carry them. May repeat a product."""
        lines, load = list[Line](), 0
        for _ in range(max(1, round(self._demand.lines.draw(draws)))):
            product = store.products[draws.pick(store.popularity)]
            quantity = 2 if draws.chance(self._demand.two_of_it) else 1
            load += quantity * product.load
            if load > self._load_max and lines:
                break
            lines.append(Line(product.id, quantity))  # type: ignore[arg-type]
        return lines


class Customers:
    """Everybody who comes: asks, decides, orders, waits, and sometimes has had enough."""

    def __init__(self, world: World, scenario: Scenario, sites: list[StoreSite]) -> None:
        self.come = 0
        self.lost: Counter[str] = Counter()  # customers who did not order, by reason
        self.is_over = False
        self._world = world
        self._population = Population(scenario, world.streams, sites)
        self._arrivals = iter(Arrivals(scenario, world.streams))
        self._provider = ProviderId(scenario.bank.name)
        self._known: set[CustomerId] = set()
        self._in_a_hurry = 0  # quotes asked for, orders not yet decided
        self._await_next()

    @property
    def undecided(self) -> int:
        """Visits that may still become an order."""
        return self._in_a_hurry

    # arriving and deciding

    def _await_next(self) -> None:
        at = next(self._arrivals, None)
        if at is None:
            self.is_over = True
        else:
            self._world.at(at, self._arrive)

    def _arrive(self) -> None:
        wish = self._population.wish(self.come)
        self.come += 1
        self._in_a_hurry += 1
        if wish.customer not in self._known:
            self._known.add(wish.customer)
            self._world.submit(RegisterCustomer(wish.customer))
        self._ask(wish, QuoteId(f"q{wish.number}"), wish.comes_back)
        self._await_next()

    def _ask(self, wish: Wish, quote: QuoteId, may_come_back: bool) -> None:
        ask = RequestQuote(quote, SERVICE, wish.customer, wish.store.id, wish.lines, wish.home)
        event = self._world.submit(ask).events[0]
        if isinstance(event, QuoteOffered):
            if event.promised_ms <= wish.longest_promise_ms:
                self._world.later(wish.thinks_ms, self._place, wish, quote)
            else:
                self._leave(LATER_THAN_WANTED)
            return
        assert isinstance(event, CommandRejected)
        if event.reason is RejectionReason.NO_CAPACITY_NOW and may_come_back:
            wait_s = event.detail["retry_after_s"]
            assert isinstance(wait_s, int)
            again = QuoteId(f"{quote}/2")
            self._world.later(wait_s * SECOND, self._ask, wish, again, False)
        else:
            self._leave(event.reason)

    def _place(self, wish: Wish, quote: QuoteId) -> None:
        order = OrderId(f"o{wish.number}")
        proof = Proof.PIN if wish.pin else Proof.NONE
        place = PlaceOrder(order, SERVICE, quote, self._provider, proof, wish.pin)
        rejection = self._world.submit(place).rejection
        if rejection is not None:
            self._leave(rejection.reason)
            return
        self._in_a_hurry -= 1
        promised_at = self._world.state.orders[order].placed.promised_at
        self._world.at(promised_at + wish.tolerance_ms, self._give_up, order, "too_slow")
        if wish.changes_mind_after_ms is not None:
            self._world.later(wish.changes_mind_after_ms, self._give_up, order, "changed_mind")

    def _leave(self, reason: str) -> None:
        self._in_a_hurry -= 1
        self.lost[str(reason)] += 1

    # waiting

    def _give_up(self, order: OrderId, reason: str) -> None:
        """The app offers the button only while it would still work."""
        if reasons(Actor.CUSTOMER, self._world.state.orders[order].status):
            self._world.submit(CancelOrder(order, Actor.CUSTOMER, reason, SERVICE))
