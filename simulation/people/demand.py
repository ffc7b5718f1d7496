"""Customers: who comes when, what they want, and what they do with the answer."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from msgspec import Struct

from engine.commands import CancelOrder, PlaceOrder, RequestQuote
from engine.events import CommandRejected, QuoteOffered
from engine.projections import Projections
from engine.rules.cancelling import reasons
from engine.state.orders import ENDED
from engine.values import (
    MINUTE,
    SECOND,
    Actor,
    CustomerId,
    Fulfillment,
    Line,
    OrderId,
    Proof,
    ProviderId,
    QuoteId,
    ServiceId,
)
from geo.points import Point
from simulation.commerce.shoppers import Shoppers
from simulation.days.arrivals import sources_of
from simulation.days.city import Neighborhoods, StoreSite
from simulation.scenarios.scenario import Demand, Product, Scenario
from simulation.streams import Draws, RandomStreams
from simulation.world import World

SERVICE = ServiceId("app")
# Not rejections: the customer said no.
LATER_THAN_WANTED = "promise_too_late"
DEARER_THAN_WANTED = "fee_too_high"
NOBODY_NOW = ("no_capacity_now", "skill_missing")  # to bring it: others may be at work later
CHANGES_MIND_S = 90.0  # on average


class Wish(Struct, frozen=True):
    """One visit of one customer: everything that is settled before the engine says a word."""

    key: str  # what its quote, order and draws are named after
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
    most_fee_minor: int | None = None  # for the delivery; None: any

    def objection(self, promised_ms: int, fee_minor: int) -> str:
        """Why not to order what is quoted; empty: it is ordered."""
        if promised_ms > self.longest_promise_ms:
            return LATER_THAN_WANTED
        is_dear = self.most_fee_minor is not None and fee_minor > self.most_fee_minor
        return DEARER_THAN_WANTED if is_dear else ""


class Population:
    """Turns the n-th visit into a wish. Nothing the engine does changes what people want."""

    def __init__(self, scenario: Scenario, streams: RandomStreams, sites: list[StoreSite]) -> None:
        self._demand = scenario.demand
        self._load_max = scenario.engine.load_max
        self._streams = streams
        self._sites = sites
        self._sources = sources_of(scenario)
        self._neighborhoods = Neighborhoods(scenario, streams, sites)

    def wish(self, number: int, source: int = 0) -> Wish:
        """What the n-th customer of a source comes for."""
        demand, of = self._demand, self._sources[source]
        prefix = f"{of.name}-" if of.name else ""
        draws = self._streams.named("wish", f"{prefix}{number}")
        customer = draws.below(of.customers)
        home = self._neighborhoods.home(of, customer)
        store = self._sites[draws.pick(self._neighborhoods.tastes(home, of.stores))]
        mind = round(draws.exponential(CHANGES_MIND_S) * SECOND)
        return Wish(
            key=f"{prefix}{number}",
            customer=CustomerId(f"customer-{prefix}{customer}"),
            home=home,
            store=store,
            lines=basket(
                demand, self._load_max, store, draws, self._menu(store, f"{prefix}{customer}")
            ),
            thinks_ms=demand.thinking_s.draw_ms(draws),
            longest_promise_ms=int(demand.longest_promise_min.draw(draws) * MINUTE),
            tolerance_ms=int(demand.tolerance_min.draw(draws) * MINUTE),
            comes_back=draws.chance(demand.comes_back),
            changes_mind_after_ms=mind if draws.chance(demand.changes_mind) else None,
            pin=f"{draws.below(10_000):04d}" if draws.chance(demand.wants_pin) else "",
            most_fee_minor=self._most_fee_minor(f"{prefix}{number}"),
        )

    def _most_fee_minor(self, key: str) -> int | None:
        """From a stream of its own: whoever minds the fee wants the same as before."""
        most = self._demand.most_fee_minor
        return None if most is None else int(most.draw(self._streams.named("fee", key)))

    def _menu(self, store: StoreSite, customer: str) -> Sequence[float]:
        """What the store sells, as this customer likes it, summed up: for `Draws.pick`.

        A liking for each category and another for each product, both log-normal and for life.
        """
        deviation = self._demand.tastes
        if not deviation:
            return store.popularity
        named = self._streams.named
        return list(
            accumulate(
                x.popularity
                * named("taste", customer, "category", x.category).log_normal(1.0, deviation)
                * named("taste", customer, "product", x.id).log_normal(1.0, deviation)
                for x in store.products
            )
        )


def basket(
    demand: Demand,
    load_max: int,
    store: StoreSite,
    draws: Draws,
    menu: Sequence[float] | None = None,
) -> list[Line]:
    """As many lines as wanted, as long as a courier can carry them. May repeat a product.

    `menu`: how each product is liked, summed up; if not said, as everybody does.
    """
    lines, load, companions = list[Line](), 0, list[Product]()
    for _ in range(max(1, round(demand.lines.draw(draws)))):
        if companions and draws.chance(demand.pairing):
            product = companions[draws.below(len(companions))]
        else:
            product = store.products[draws.pick(menu or store.popularity)]
        beside = product.goes_with
        companions = [x for x in store.products if x.id in beside] if beside else []
        quantity = 2 if draws.chance(demand.two_of_it) else 1
        load += quantity * product.load
        if load > load_max and lines:
            break
        lines.append(Line(product.id, quantity))  # type: ignore[arg-type]
    return lines


class Customers:
    """Everybody who comes: asks, decides, orders, waits, and sometimes has had enough."""

    def __init__(
        self,
        world: World,
        scenario: Scenario,
        visits: Iterator[tuple[int, Wish]],
        projections: Projections | None = None,
    ) -> None:
        self.come = 0
        self.lost: Counter[str] = Counter()  # customers who did not order, by reason
        self.is_over = False
        self._world = world
        self.shoppers = Shoppers(world, scenario, SERVICE, projections)
        self._visits, self._starts_ms = visits, scenario.starts_ms
        self._provider = ProviderId(scenario.bank.name)
        self._known: set[CustomerId] = {*world.state.customers.customers}
        self._in_a_hurry = 0  # quotes asked for, orders not yet decided
        self._go_on(scenario)
        self._await_next()

    def _go_on(self, scenario: Scenario) -> None:
        """Who ordered before waits as long as anybody."""
        now = self._world.now
        for key, order in self._world.state.orders.orders.items():
            if order.status not in ENDED:
                draws = self._world.streams.named("tolerance", key)
                tolerance_ms = round(scenario.demand.tolerance_min.draw(draws) * MINUTE)
                at = order.placed.promised_at + tolerance_ms
                if at > now:  # otherwise it was not patience that kept them
                    self._world.at(at, self._give_up, key, "too_slow")

    @property
    def undecided(self) -> int:
        """Visits that may still become an order."""
        return self._in_a_hurry

    # arriving and deciding

    def _await_next(self) -> None:
        visit = next(self._visits, None)
        if visit is None:
            self.is_over = True
        else:
            self._world.at(self._starts_ms + visit[0], self._arrive, visit[1])

    def _arrive(self, wish: Wish) -> None:
        self.come += 1
        self._in_a_hurry += 1
        if wish.customer not in self._known:
            self._known.add(wish.customer)
            self.shoppers.register(wish.customer)
        self._ask(wish, QuoteId(f"q{wish.key}"), wish.comes_back)
        self._await_next()

    def _ask(self, wish: Wish, quote: QuoteId, may_come_back: bool) -> None:
        ask = RequestQuote(quote, SERVICE, wish.customer, wish.store.id, wish.lines, wish.home)
        event = self.shoppers.ask(wish.key, ask)
        if isinstance(event, QuoteOffered):
            objection = wish.objection(event.promised_ms, event.delivery_fee_minor)
            if objection:
                self._leave(objection)
            else:
                self._world.later(wish.thinks_ms, self._place, wish, event)
            return
        assert isinstance(event, CommandRejected)
        if event.reason in NOBODY_NOW and may_come_back:
            wait_s = event.detail["retry_after_s"]
            assert isinstance(wait_s, int)
            again = QuoteId(f"{quote}/2")
            self._world.later(wait_s * SECOND, self._ask, wish, again, False)
        else:
            self._leave(event.reason)

    def _place(self, wish: Wish, quote: QuoteOffered) -> None:
        order = OrderId(f"o{wish.key}")
        proof = Proof.PIN if wish.pin else Proof.NONE
        place = PlaceOrder(order, SERVICE, quote.quote, self._provider, proof, wish.pin)
        rejection = self._world.submit(
            self.shoppers.placing(wish.key, wish.store, quote, place)
        ).rejection
        if rejection is not None:
            self._leave(rejection.reason)
            return
        self._in_a_hurry -= 1
        placed = self._world.state.orders[order].placed
        if placed.fulfillment is Fulfillment.DELIVERY:  # who collects waits for nobody
            give_up_at = placed.promised_at + wish.tolerance_ms
            self._world.at(give_up_at, self._give_up, order, "too_slow")
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
