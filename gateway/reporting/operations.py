"""Operations: the promise, the delivery clock, couriers' time and pay, cost per order, CO2e."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from engine.projections.punctuality import CLOCK
from engine.projections.utilization import gini_permille
from engine.rules.emissions import GRAMS_PER_KM, SOURCES
from gateway.reporting.amounts import NOTHING, Currency, minutes, share
from gateway.reporting.period import Period, Tables
from gateway.reporting.sales import TWO_SIDES
from geo.travel import Vehicle
from simulation.pages import BLUE, GREEN, ORANGE, PURPLE, VERMILION, Page, count, label

STORES, COURIERS, BIN_MIN = 25, 25, 2
LEAST_H = 0.25  # on duty for less, earnings per hour say nothing
GOOD_IS_BLUE = [[0.0, VERMILION], [0.5, "#f4f1e8"], [1.0, BLUE]]
HOURS = "on_duty_ms / 3600000.0"


def add_to(
    page: Page,
    tables: Tables,
    period: Period,
    currency: Currency,
    guarantee_minor: int = 0,
) -> None:
    page.section("Operations", "A delivery counts when it comes to the door.")
    _clock(page, tables)
    _promise(page, tables)
    _told(page, tables)
    _waits(page, tables)
    _hours(page, tables, period)
    _couriers(page, tables, currency, guarantee_minor)
    _fleets(page, tables, currency)
    _costs(page, tables, currency)
    _offers(page, tables)
    _emissions(page, tables)


def _clock(page: Page, tables: Tables) -> None:
    rows = []
    for name in CLOCK:
        [(number, mean, p50, p90, worst)] = tables.rows(
            f"SELECT count({name}_ms), avg({name}_ms), quantile_disc({name}_ms, 0.5),"
            f" quantile_disc({name}_ms, 0.9), max({name}_ms) FROM brought"
        )
        texts = (minutes(x / 1_000) if number else NOTHING for x in (mean, p50, p90, worst))
        rows.append((name.replace("_", " "), number, *texts))
    page.table(
        "The delivery clock",
        ("from - to", "deliveries", "mean", "half within", "nine of ten within", "worst"),
        rows,
        "Named as the field names it (mdrp-sim). Taken: accepted by the courier who fetched it. "
        "Drop-off lateness is negative where it came before the time promised.",
    )


def _promise(page: Page, tables: Tables) -> None:
    late_min = f"ceil(drop_off_lateness_ms / 60000.0 / {BIN_MIN}) * {BIN_MIN}"
    x, y = tables.columns(f"SELECT {late_min}, count(*) FROM brought GROUP BY 1 ORDER BY 1")
    late = sum(number for at, number in zip(x, y, strict=True) if at > 0)
    colors = [VERMILION if at > 0 else BLUE for at in x]
    page.plot(
        "Early and late",
        f"Minutes after the time promised, in steps of {BIN_MIN}. Of {count(sum(y))} deliveries "
        f"{share(sum(y) - late, sum(y))} came in time; the {count(late)} late ones are orange.",
        [{"type": "bar", "x": [at - BIN_MIN / 2 for at in x], "y": y, "marker": {"color": colors}}],
        bargap=0.05,
        xaxis={"title": {"text": "minutes late"}},
        yaxis={"title": {"text": "deliveries"}},
    )
    rows = tables.rows(
        "SELECT coalesce(name, store_id), hour(placed_at), count(*),"
        " count(*) FILTER (drop_off_lateness_ms <= 0), sum(count(*)) OVER (PARTITION BY store_id)"
        " FROM brought LEFT JOIN stores USING (store_id)"
        " GROUP BY store_id, name, 2 ORDER BY 5 DESC, 1, 2"
    )
    names = list(dict.fromkeys(x[0] for x in rows))[:STORES]
    hours = list(
        range(min((x[1] for x in rows), default=0), max((x[1] for x in rows), default=0) + 1)
    )
    kept = {(name, hour): (on_time, of) for name, hour, of, on_time, _ in rows}
    page.plot(
        "Promise kept by store and hour",
        f"Percentage in time, by the hour of ordering, for the {len(names)} stores with most "
        "deliveries. Blue kept its promises, orange did not; empty: no delivery.",
        [
            {
                "type": "heatmap",
                "x": hours,
                "y": [label(x) for x in names],
                "z": [[_percent(kept.get((name, hour))) for hour in hours] for name in names],
                "customdata": [[(kept.get((n, h)) or (0, 0))[1] for h in hours] for n in names],
                "hovertemplate": "%{y}, %{x}:00: %{z} % of %{customdata}<extra></extra>",
                "colorscale": GOOD_IS_BLUE,
                "zmin": 50,
                "zmax": 100,
            }
        ],
        height=max(260, 60 + 20 * len(names)),
        yaxis={"autorange": "reversed"},
        xaxis={"title": {"text": "hour of ordering"}, "dtick": 1},
    )


def _told(page: Page, tables: Tables) -> None:
    """The promise, and the time by which half should be there: how often each was right."""
    [(brought, in_time, told, by_then)] = tables.rows(
        "SELECT count(*), count(*) FILTER (drop_off_lateness_ms <= 0), count(expected_at),"
        " count(*) FILTER (door_at <= expected_at) FROM brought"
    )
    page.table(
        "What customers were told",
        ("told", "deliveries", "there by then"),
        [
            ("the promise", brought, share(in_time, brought)),
            ("the time by which half should be there", told, share(by_then, told)),
        ],
        "Near a half in the second line, and in the first as often as the settings want "
        "(promise_kept_permille). By store and hour: the table deliveries.",
    )


def _waits(page: Page, tables: Tables) -> None:
    names, p50, p90 = tables.columns(
        "SELECT name, p50 / 60000.0, p90 / 60000.0 FROM (SELECT coalesce(name, store_id) AS name,"
        " count(*) AS number, quantile_disc(in_store_to_pickup_ms, 0.5) AS p50,"
        " quantile_disc(in_store_to_pickup_ms, 0.9) AS p90"
        " FROM brought LEFT JOIN stores USING (store_id) WHERE in_store_to_pickup_ms IS NOT NULL"
        f" GROUP BY store_id, name ORDER BY number DESC, 1 LIMIT {STORES}) ORDER BY p90 DESC, name"
    )
    x = [label(name) for name in names]
    page.plot(
        "Wait at the store",
        "Minutes from a courier's arrival until the goods were handed over: half of the visits "
        "took no longer than the dark bar, nine of ten than the light one.",
        [
            {
                "type": "bar",
                "x": x,
                "y": p90,
                "name": "nine of ten",
                "marker": {"color": "#9ecae9"},
            },
            {"type": "bar", "x": x, "y": p50, "name": "half", "marker": {"color": BLUE}},
        ],
        barmode="overlay",
        xaxis={"tickangle": -40},
        yaxis={"title": {"text": "minutes"}},
    )


def _hours(page: Page, tables: Tables, period: Period) -> None:
    text = "%Y-%m-%d %H:%M" if period.step == "hour" else "%Y-%m-%d"
    end = _quoted(period.end)
    at, hours = tables.columns(
        f"SELECT strftime(date_trunc('{period.step}', h), '{text}'), sum(epoch(least(ended, h +"
        " INTERVAL 1 HOUR) - greatest(started_at, h))) / 3600.0 FROM (SELECT started_at, ended,"
        " unnest(generate_series(date_trunc('hour', started_at), ended, INTERVAL 1 HOUR)) AS h FROM"
        f" (SELECT started_at, least(coalesce(ended_at, {end}), {end}) AS ended FROM shifts))"
        " WHERE least(ended, h + INTERVAL 1 HOUR) > greatest(started_at, h) GROUP BY 1 ORDER BY 1"
    )
    door_at, delivered = tables.columns(
        f"SELECT strftime(date_trunc('{period.step}', door_at), '{text}'), count(*)"
        " FROM brought GROUP BY 1 ORDER BY 1"
    )
    page.plot(
        "Courier hours and deliveries",
        f"Hours on shift in each {period.step}, and how many deliveries came to the door in it.",
        [
            {
                "type": "bar",
                "x": at,
                "y": hours,
                "name": "courier hours",
                "marker": {"color": GREEN},
            },
            {
                "type": "scatter",
                "x": door_at,
                "y": delivered,
                "name": "deliveries",
                "yaxis": "y2",
                "line": {"color": VERMILION},
            },
        ],
        yaxis={"title": {"text": "hours"}},
        margin=TWO_SIDES,
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "title": {"text": "deliveries"},
            "rangemode": "tozero",
        },
    )


def _couriers(page: Page, tables: Tables, currency: Currency, guarantee_minor: int) -> None:
    top_up = f"greatest(0, {guarantee_minor} * {HOURS} - earned_minor)"
    rows = tables.rows(
        f"SELECT courier_id, any_value(vehicle), count(*), sum({HOURS}), sum(busy_ms) / 3600000.0,"
        " sum(delivered)::BIGINT, sum(bundles)::BIGINT, sum(earned_minor)::BIGINT,"
        f" sum({top_up}), sum(ridden_m) / 1000.0"
        " FROM shifts GROUP BY 1 ORDER BY 6 DESC, 1"
    )
    total = ["all", "", *(sum(x[k] for x in rows) for k in range(2, 10))]
    earned = [x[7] / x[3] for x in rows if x[3] >= LEAST_H]
    gini = gini_permille(round(x) for x in earned) / 1_000
    if earned:
        page.plot(
            "What couriers earned",
            "Per hour on duty, tips included, a courier each. The Gini coefficient of it is "
            f"{gini:.3f}: 0 if all earn the same, near 1 if one earns it all.",
            [{"type": "histogram", "x": [currency.major(x) for x in earned], "nbinsx": 30}],
            bargap=0.05,
            xaxis={"title": {"text": f"{currency.code} an hour"}},
            yaxis={"title": {"text": "couriers"}},
        )
    guaranteed = ("top-up",) if guarantee_minor else ()
    page.table(
        "Couriers",
        (
            *("courier", "vehicle", "shifts", "hours", "busy", "delivered", "an hour"),
            *("bundles an hour", "earned", "an hour", *guaranteed, "km"),
        ),
        [_courier(x, currency, bool(guarantee_minor)) for x in (total, *rows[:COURIERS])],
        f"The {min(len(rows), COURIERS)} who delivered most, of {len(rows)}; shifts that began in "
        "the period. Busy is with something accepted to carry; a bundle is one visit to a store."
        + (
            f" The top-up is what was missing to {currency.text(guarantee_minor)} an hour."
            if guarantee_minor
            else ""
        ),
    )


def _courier(x: Sequence[Any], currency: Currency, guaranteed: bool) -> list[str | int]:
    name, vehicle, shifts, hours, busy, delivered, bundles, earned, top_up, km = x
    each = 1 / hours if hours else 0.0
    return [
        *(name, vehicle or "", shifts, count(hours, 1), share(busy, hours), delivered),
        *(count(delivered * each, 2), count(bundles * each, 2)),
        *(currency.text(earned), currency.text(earned * each)),
        *([currency.text(top_up)] if guaranteed else []),
        count(km, 1),
    ]


def _fleets(page: Page, tables: Tables, currency: Currency) -> None:
    """What each is to be paid for; nothing where the house rides alone."""
    if not tables.one("SELECT count(*) FROM couriers WHERE fleet_id IS NOT NULL"):
        return
    factor = " ".join(f"WHEN '{x.value}' THEN {grams}" for x, grams in GRAMS_PER_KM.items())
    rows = tables.rows(
        "SELECT coalesce(fleet_id, ''), count(DISTINCT courier_id), count(*),"
        f" sum({HOURS}), sum(delivered)::BIGINT, sum(ridden_m) / 1000.0,"
        f" sum(ridden_m / 1e6 * CASE vehicle {factor} ELSE 0 END), sum(earned_minor)::BIGINT"
        " FROM shifts GROUP BY 1 ORDER BY 1"
    )
    late = dict(
        tables.rows(
            "SELECT coalesce(fleet_id, ''), count(*) FILTER (drop_off_lateness_ms > 0)"
            " FROM brought JOIN couriers USING (courier_id) GROUP BY 1"
        )
    )
    page.table(
        "Fleets",
        (
            *("fleet", "couriers", "shifts", "hours on duty", "delivered", "of them late"),
            *("km", "kg CO2e", "earned"),
        ),
        [
            (
                *(fleet or "the house", couriers, shifts, count(hours, 1), delivered),
                *(late.get(fleet, 0), count(km, 1), count(kg, 2), currency.text(earned)),
            )
            for fleet, couriers, shifts, hours, delivered, km, kg, earned in rows
        ],
        "Shifts that began in the period, with what was finished after them; late ones by when "
        "they came to the door. Earned by its couriers, tips included.",
    )


def _costs(page: Page, tables: Tables, currency: Currency) -> None:
    orders = tables.one("SELECT count(*) FROM done")
    rows = []
    for kind, said in (
        ("platform:courier_cost", "couriers"),
        ("platform:promotions", "promotions"),
        ("platform:refunds", "refunds"),
        ("platform:uncollected", "captures that failed"),
        ("platform:provider_fees", "providers"),
        ("platform:delivery_fees", "less delivery fees"),
        ("platform:return_fees", "less fees of returns"),
    ):
        amount = tables.one(f"SELECT sum(amount_minor) FROM posted WHERE kind = '{kind}'")
        each = currency.text(amount / orders) if orders else NOTHING
        rows.append((said, currency.text(amount), each))
    page.table(
        "Cost per order",
        ("for", "in the period", "per fulfilled order"),
        rows,
        "What the platform spends on an order, from its accounts; fees are what it earns of it.",
    )


def _offers(page: Page, tables: Tables) -> None:
    rows = tables.rows(
        "SELECT what, coalesce(reason, ''), count(*) FROM offered GROUP BY 1, 2"
        " ORDER BY CASE what WHEN 'offered' THEN 1 WHEN 'accepted' THEN 2 ELSE 3 END, 3 DESC, 2"
    )
    page.table(
        "Offers to couriers",
        ("what", "because", "times"),
        rows,
        "Offers made and accepted, and work that went back, by reason: declined, lapsed, given "
        "back, or taken back by a change of plan.",
    )


def _emissions(page: Page, tables: Tables) -> None:
    rows = tables.rows(
        "SELECT vehicle, sum(ridden_m), sum(delivered)::BIGINT FROM shifts"
        " WHERE vehicle IS NOT NULL GROUP BY 1 ORDER BY 2 DESC"
    )
    with_orders = dict(
        tables.rows(
            "SELECT vehicle, sum(ridden_m) FROM brought WHERE vehicle IS NOT NULL GROUP BY 1"
        )
    )
    table = []
    for vehicle, ridden_m, delivered in rows:
        factor = GRAMS_PER_KM[Vehicle(vehicle)]
        grams = ridden_m / 1_000 * factor
        for_orders = with_orders.get(vehicle, 0.0)
        table.append(
            (
                *(vehicle, factor, count(ridden_m / 1_000, 1), count(for_orders / 1_000, 1)),
                *(count(grams / 1_000, 2), count(grams / delivered, 1) if delivered else NOTHING),
            )
        )
    page.table(
        "CO2e by vehicle",
        ("vehicle", "g/km", "km ridden", "km for deliveries", "kg CO2e", "g a delivery"),
        table,
        f"Between reported positions, shared rides in shares. Factors: {SOURCES}.",
    )
    x, y = tables.columns(
        "SELECT coalesce(vehicle, ''), co2e_g FROM brought WHERE co2e_g > 0 ORDER BY 1, 2"
    )
    if y:
        by_vehicle: dict[str, list[float]] = {}
        for vehicle, grams in zip(x, y, strict=True):
            by_vehicle.setdefault(vehicle, []).append(round(grams, 1))
        colors = (ORANGE, PURPLE, BLUE, GREEN)
        page.plot(
            "CO2e of a delivery",
            "Grams for what was ridden with it on board or on the way to fetch it.",
            [
                {"type": "histogram", "x": of, "name": name, "nbinsx": 40, "marker": {"color": c}}
                for (name, of), c in zip(by_vehicle.items(), colors, strict=False)
            ],
            barmode="stack",
            xaxis={"title": {"text": "g CO2e"}},
            yaxis={"title": {"text": "deliveries"}},
        )


def _percent(kept: tuple[int, int] | None) -> float | None:
    return None if kept is None else round(100 * kept[0] / kept[1], 1)


def _quoted(at: datetime) -> str:
    return f"TIMESTAMPTZ '{at.isoformat()}'"
