"""What else is to be said of an arm: what is left of the fees, how steady its plans are, and what
its saved CO2e costs.

Described, with Student's 95 % intervals by day; not among the figures that are judged.
"""

from collections.abc import Iterator, Mapping, Sequence

from simulation.lab.deciding import Finding
from simulation.lab.figures import NET_KEY, SOLD_KEY
from simulation.lab.statistics import half_width, paired, ratio

ALPHA = 0.05
Columns = Mapping[str, Sequence[float]]
MONEY = (
    (SOLD_KEY, "stores earn"),
    (NET_KEY, "delivery fees less couriers bring in"),
)
CHURN = (  # figure, what there is more or less of
    ("moved_per_h", "orders change couriers"),
    ("offer_flips_per_h", "offers are taken back"),
    ("eta_flips_per_h", "arrivals jump by five minutes"),
)


def asides(base: Columns, arm: Columns, findings: Sequence[Finding], currency: str) -> list[str]:
    """Sentences, as far as the days are clear."""
    money = f"{{:,.0f}} ± {{:,.0f}} {currency} a day"
    return [
        *_described(base, arm, MONEY, money),
        *_described(base, arm, CHURN, "{:.1f} ± {:.1f} times an hour"),
        *_price(base, arm, findings, currency),
    ]


def _described(
    base: Columns, arm: Columns, figures: Sequence[tuple[str, str]], form: str
) -> Iterator[str]:
    """One sentence of all that is clear: "more ... 3.1 ± 0.4 times an hour less"."""
    said = []
    for key, what in figures:
        apart = _apart(base, arm, key)
        if len(apart) < 2:
            continue
        found = paired(apart)
        width = half_width(found, ALPHA)
        if abs(found.mean) > width:
            way = "more" if found.mean > 0 else "less"
            said.append(f"{what} {form.format(abs(found.mean), width)} {way}")
    if said:
        text = ", ".join(said)
        yield f"{text[0].upper()}{text[1:]}."


def _price(
    base: Columns, arm: Columns, findings: Sequence[Finding], currency: str
) -> Iterator[str]:
    """Of a kilogram, where less is clearly emitted: all customers' waiting, and money."""
    if not saves_co2e(findings):
        return
    saved_kg = [-x / 1_000 for x in _apart(base, arm, "co2e_g_per_order")]
    prices, is_dear = [], False
    for key, unit in (("click_to_door_min", "minutes of waiting"), ("cost_per_order", currency)):
        price = ratio(_apart(base, arm, key), saved_kg)
        if price is None:
            return
        is_dear |= price[0] + price[1] > 0
        prices.append(f"{price[0]:+.1f} ± {price[1]:.1f} {unit}")
    costs = " and ".join(prices) if is_dear else "neither time nor money"
    yield f"A kilogram of CO2e saved costs {costs}."


def saves_co2e(findings: Sequence[Finding]) -> bool:
    """For certain, and not by serving fewer: that is no price of it."""
    answers = {x.figure: x.answer for x in findings}
    return answers.get("co2e_g_per_order") == "less" and answers.get("served_percent") != "less"


def _apart(base: Columns, arm: Columns, key: str) -> list[float]:
    """Day by day, as far as both have been played."""
    return [y - x for x, y in zip(base[key], arm[key], strict=False)]
