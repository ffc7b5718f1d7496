"""What is said at random about orders that belong together."""

from collections.abc import Callable, Iterator

from engine import commands as c

Made = c.AnyCommand | list[c.AnyCommand]
NAMES = ("lunch", "dinner")


def makers(day) -> Iterator[tuple[float, Callable[[], Made]]]:
    yield 5, lambda: _two_at_once(day)
    yield 1, lambda: _one_more(day)
    yield 1.5, lambda: c.GroupOrders(day._any(("by-hand", "app/lunch")), _some(day))
    yield 0.3, lambda: c.DissolveGroup(day._any([*day._s.groups.groups, "nobodys"]))
    yield 1, lambda: c.AssignDelivery(day._any([*day._s.couriers.couriers]), _one(day), "by hand")


def _two_at_once(day) -> Made:
    """Of one customer, from two stores; mostly paid, and accepted."""
    name, made = day._new("g"), []
    door = day._place(1)
    for store in ("s0", "s1"):
        quote, order = day._new("q"), day._new("o")
        lines = [*day._lines()][:1]
        made.append(c.RequestQuote(quote, "app", "ann", store, lines, door))
        made.append(c.PlaceOrder(order, "app", quote, "cash", group=name))
        if day.rng.random() < 0.9:
            made.append(c.AcceptOrder(store, order, day.at + day.rng.choice((1, 60_000, 900_000))))
    return made


def _one_more(day) -> Made:
    quote = day._new("q")
    asked = c.RequestQuote(quote, "app", "bob", day._any(("s0", "s1")), day._lines(), day._place(1))
    return [asked, c.PlaceOrder(day._new("o"), "app", quote, "cash", group=day._any(NAMES))]


def _some(day) -> list[str]:
    known = [*day._s.orders.orders] or ["nobodys"]
    return [day.rng.choice(known) for _ in range(day.rng.choice((0, 1, 2, 2, 2, 3)))]


def _one(day) -> str:
    """Of a group, if there is one."""
    s = day._s
    grouped = [s.deliveries.of_order[x] for x in s.groups.of_order if x in s.deliveries.of_order]
    return day.rng.choice(grouped) if grouped else day._delivery()[0]
