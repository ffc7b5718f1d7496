"""What customers say afterwards on a random day: complaints, answers, refunds, ratings."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine.rules.complaints import NO_REPLY_MS, OUTCOMES, REASONS
from engine.rules.ratings import TAGS
from engine.values import Actor, Channel
from tests.days.random_customers import SOMEBODY

SPEAKERS = ("", "", "app", "app", "rival")


def makers(day) -> Iterator[tuple[float, Callable[[], c.AnyCommand | list[c.AnyCommand]]]]:
    rng, s = day.rng, day.engine.state

    def order() -> tuple[str, str]:
        """And whose it is, mostly."""
        key = day._one([*s.orders.archive.places, *s.orders.orders]) if rng.random() < 0.85 else ""
        known = s.orders.get(key)
        return key, known.placed.customer if known and rng.random() < 0.9 else rng.choice(SOMEBODY)

    def complain() -> c.AnyCommand:
        key, customer = order()
        reason = rng.choice([*REASONS, "boredom"])
        return c.OpenComplaint(day._new("c"), customer, reason, key, rng.choice(SPEAKERS))

    def complaint() -> str:
        return day._one(s.complaints.open if rng.random() < 0.9 else s.complaints.complaints)

    def close() -> c.AnyCommand:
        service = rng.choice(SPEAKERS)
        outcomes = OUTCOMES[rng.choice([Actor.CUSTOMER if service else Actor.OPERATOR, *OUTCOMES])]
        return c.CloseComplaint(complaint(), rng.choice(outcomes), service)

    def rate() -> c.AnyCommand:
        ended = [k for k, x in s.orders.everything() if x.ended_at and k not in s.ratings.orders]
        key = day._one(ended if rng.random() < 0.8 else s.orders.orders)
        known = s.orders.get(key)
        bought = [x.product for x in known.placed.lines] if known else []
        liked = [x for x in [*bought, "cake"] if rng.random() < 0.3]
        return c.RateOrder(
            key,
            rng.choice(["app", "app", "app", "rival"]),
            rng.choice((1, 2, 3, 4, 5, 5, 5, 6)),
            rng.choice((0, 0, 1, 5, 5, 9)),
            rng.sample([*TAGS, "purple"], rng.randrange(3)),
            liked,
            [x for x in dict.fromkeys(bought) if x not in liked and rng.random() < 0.3],
        )

    def week() -> c.AnyCommand:
        """Silence, as long as an answered complaint waits for."""
        day.at += NO_REPLY_MS * (s.orders.open_count == 0)
        return c.Tick()

    def speak() -> c.AnyCommand:
        key, customer = order()
        channel = rng.choice(list(Channel))
        service = rng.choice(SPEAKERS)
        return c.RecordInteraction(day._new("i"), customer, channel, "delivery", key, service)

    def miss() -> list[c.AnyCommand]:
        """Money that was promised, and that the provider could not give back."""
        payments = s.payments
        paid = [
            k for k, x in s.orders.orders.items() if payments.refundable_minor(payments.current(k))
        ]
        key, name = day._one(paid), day._new("c")
        customer = s.orders[key].placed.customer if key in s.orders.orders else "ann"
        failed = c.ReportInstruction("bank", f"{key}/complaint/{name}/1", False)
        return [c.OpenComplaint(name, customer, "late", key, ""), c.ApproveRefund(name, 1), failed]

    yield 1, miss
    yield 3, complain
    yield 2, lambda: c.AnswerComplaint(complaint(), rng.choice(SPEAKERS))
    yield 3, lambda: c.ApproveRefund(complaint(), rng.choice((-1, 1, 50, 10**9)))
    yield (
        3,
        lambda: c.ReportInstruction("bank", day._one(s.complaints.refunding), rng.random() < 0.5),
    )
    yield 1, close
    yield 4, rate
    yield 1, speak
    yield 0.5, week
