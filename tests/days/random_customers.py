"""What happens to customers on a random day: consents, standing, forgetting, another rule."""

from collections.abc import Callable, Iterator

from engine import commands as c
from engine.settings import Segmentation
from engine.values import DAY, Line, Purpose, Standing

SOMEBODY = ("ann", "bob", "eve")
RULES = (
    Segmentation(),
    Segmentation((0, 1, 2, 3), (4, 3, 2, 1), (4_000, 2_000, 1_000, 1)),
    Segmentation((3, 2, 1, 0)),
    Segmentation(purchases=(1, 2, 3, 4)),
)


def makers(day) -> Iterator[tuple[float, Callable[[], c.AnyCommand | list[c.AnyCommand]]]]:
    rng = day.rng

    def somebody() -> str:
        return day._any(SOMEBODY)

    def eve_buys() -> list[c.AnyCommand]:
        quote = day._new("q")
        ask = c.RequestQuote(quote, "app", "eve", "s0", [Line("ramen", 1)], day._place(1))
        return [ask, c.PlaceOrder(day._new("o"), "app", quote, "bank")]

    def another_day() -> c.AnyCommand:
        """Whoever bought yesterday may be another customer today."""
        day.at += DAY * (day._s.orders.open_count == 0)
        return c.Tick()

    yield (
        0.5,
        lambda: c.SetConsent(
            somebody(),
            rng.choice(list(Purpose)),
            rng.random() < 0.7,
            rng.choice(["", "app", "rival"]),
        ),
    )
    yield 0.3, lambda: c.SetStanding("bob", rng.choice(list(Standing)), "chargebacks")
    yield 0.5, eve_buys
    yield 0.5, lambda: c.ForgetCustomer(day._any(["eve", "ann"]), "app")
    yield 0.3, lambda: c.SetSegmentation(rng.choice(RULES))
    yield 0.3, another_day
