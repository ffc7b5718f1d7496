"""What everybody says who means well: providers, stores, couriers, and a planner with one hero."""

from collections.abc import Iterable, Iterator
from random import Random

from engine import commands as c
from engine.settings import Settings
from engine.state import State
from engine.values import ReturnedLine, Stop, StopKind


def answers(s: State, at: int) -> Iterator[c.AnyCommand]:
    """What the payment provider and the stores owe us."""
    for key, payment in s.payments.payments.items():
        if payment.status == "requested":
            yield c.ReportAuthorization(payment.provider, key, True, payment.amount_minor)
    for key, instruction in s.payments.instructions.items():
        if instruction.status == "pending":
            provider = s.payments[instruction.payment].provider
            yield c.ReportInstruction(provider, key, True)
    for key, change in s.order_changes.changes.items():
        if change.status == "confirmed" and change.way == "store":
            received = [ReturnedLine(x.product, x.quantity, 0) for x in change.lines]
            yield c.ReceiveChange(change.store, key, received)
    for key, refund in s.refunds.pending.items():
        if refund.needs_approval:
            yield c.EndorseRefund(key, f"not {refund.by}")
    for key, order in s.orders.orders.items():
        if order.missed_proofs >= s.settings.current.proof_tries_max:
            yield c.RenewProof(key, order.placed.service, order.placed.pin)
        if order.status == "confirmed":
            yield c.AcceptOrder(order.placed.store, key, at)
        elif order.is_collection and order.status == "accepted":
            yield c.ReportReady(order.placed.store, key)
        elif order.is_collection and order.status == "ready":
            yield c.ReportCollection(order.placed.store, key, order.placed.pin, True)


def is_over(s: State) -> bool:
    """Nobody waits for anybody."""
    pending = any(x.status == "pending" for x in s.payments.instructions.values())
    coming = s.refunds.pending or any(s.order_changes.expected.values())
    return s.orders.open_count == 0 and not pending and not coming


def reopening(s: State) -> Iterator[c.AnyCommand]:
    """What keeps a city going that somebody had closed: else nothing happens any more."""
    for key, store in s.stores.stores.items():
        if not store.is_open:
            yield c.OpenStore(key)
        if store.weekly or store.days:
            yield c.SetStoreHours(key, [])
    for key, x in s.products.products.items():
        if not x.is_listed:
            yield c.ListProduct(key, x.name, x.category, x.load, skills=x.skills)
    if s.settings.current.open_deliveries_per_courier == 0:
        yield c.ChangeSettings(Settings())


def progress(s: State, couriers: Iterable[str], rng: Random) -> Iterator[c.AnyCommand]:
    """What the couriers would do next."""
    for courier in couriers:
        stops = s.deliveries.route(courier).stops
        for stop in stops:
            if s.deliveries[stop.delivery].status == "offered":
                yield c.AcceptOffer(courier, stop.delivery)
        head = s.deliveries[stops[0].delivery] if stops else None
        if head and head.status not in ("created", "offered"):
            yield next_report(s, stops[0].delivery, courier, rng)


def next_report(s: State, key: str, courier: str, rng: Random) -> c.AnyCommand:
    """What a courier who wants to get on would say."""
    delivery = s.deliveries[key]
    if delivery.status == "offered":
        return c.AcceptOffer(courier, key)
    arrives_at = {"assigned": StopKind.PICKUP, "picked_up": StopKind.DROPOFF}
    if delivery.status in arrives_at and rng.random() < 0.5:
        return c.ReportArrival(courier, key, arrives_at[delivery.status])
    if delivery.status in ("assigned", "arrived_at_pickup"):
        return c.ReportPickup(courier, key, s.orders[delivery.order].labels)
    if delivery.status == "returning":
        return c.ReceiveReturn(delivery.store, key, True)
    placed = s.orders[delivery.order].placed
    return c.ReportDropoff(courier, key, placed.proof, placed.pin or "photo", age_checked=True)


def good_plan(s: State, couriers: Iterable[str], hero: str) -> Iterator[c.AnyCommand]:
    """The hero takes what nobody was told of; everyone else keeps what he was told."""
    rounds = s.planning_rounds
    if rounds.open is None:
        return
    untold = [*s.deliveries.waiting]
    lines = []
    for courier in [*couriers, hero]:
        route = s.deliveries.route(courier)
        stops = [x for x in route.stops if x.delivery not in untold]
        if courier == hero:
            for key in untold:
                stops += [Stop(StopKind.PICKUP, key), last_stop(s, key)]
        lines.append(c.RouteLine(courier, route.version, stops, untold))
    yield c.AdoptPlan(rounds.open, lines)


def last_stop(s: State, key: str) -> Stop:
    return Stop(s.deliveries[key].last_stop, key)
