"""Customers: who is new and who comes back, cohorts, RFM segments, and where they live."""

from datetime import datetime
from itertools import pairwise
from math import cos, radians

from gateway.reporting.amounts import NOTHING, Currency, share
from gateway.reporting.period import Period, Tables
from geo.cells import outline_of
from simulation.pages import BLUE, ORANGE, SHADES, Page, count

COHORTS_MAX, BINS, STORES = 16, 6, 20
UNITS = ((21, "day"), (150, "week"), (10**6, "month"))  # up to so many days of history


def add_to(page: Page, tables: Tables, period: Period, currency: Currency) -> None:
    page.section("Customers", "Opaque ids; who is behind them is kept elsewhere, and not needed.")
    _new_and_returning(page, tables, period)
    _cohorts(page, tables, period)
    _segments(page, tables, period, currency)
    _campaigns(page, tables, period, currency)
    _voices(page, tables, currency)
    _demand(page, tables)


def _bought(period: Period) -> str:
    """Every purchase there ever was until the end of the period, with its customer's first."""
    return (
        "SELECT customer_id, ended_at, min(ended_at) OVER (PARTITION BY customer_id) AS first_at,"
        " row_number() OVER (PARTITION BY customer_id ORDER BY ended_at, order_id) AS number"
        f" FROM orders WHERE status = 'fulfilled' AND ended_at < {_quoted(period.end)}"
    )


def _new_and_returning(page: Page, tables: Tables, period: Period) -> None:
    start, text = _quoted(period.start), "%Y-%m-%d %H:%M" if period.step == "hour" else "%Y-%m-%d"
    at, new, returning = tables.columns(
        f"SELECT strftime(date_trunc('{period.step}', ended_at), '{text}'),"
        f" count(*) FILTER (number = 1), count(*) FILTER (number > 1) FROM ({_bought(period)})"
        f" WHERE ended_at >= {start} GROUP BY 1 ORDER BY 1"
    )
    page.plot(
        "New and returning",
        "Fulfilled orders of customers who had never bought before, and of those who had.",
        [
            {"type": "bar", "x": at, "y": new, "name": "first order", "marker": {"color": ORANGE}},
            {"type": "bar", "x": at, "y": returning, "name": "again", "marker": {"color": BLUE}},
        ],
        barmode="stack",
        yaxis={"title": {"text": "orders"}},
    )
    [(customers, again)] = tables.rows(
        "SELECT count(*), count(*) FILTER (orders > 1)"
        " FROM (SELECT customer_id, max(number) AS orders"
        f" FROM ({_bought(period)}) GROUP BY 1 HAVING max(ended_at) >= {start})"
    )
    page.text(
        f"{count(customers)} customers bought in the period; {count(again)} of them, "
        f"{share(again, customers)}, have bought more than once so far: the repeat rate."
    )
    rows = tables.rows(
        "SELECT orders, count(*), sum(spent)::BIGINT FROM (SELECT customer_id,"
        f" least(count(*), {BINS}) AS orders, sum(due_minor) AS spent FROM done GROUP BY 1)"
        " GROUP BY 1 ORDER BY 1"
    )
    page.table(
        "Orders per customer",
        ("orders in the period", "customers"),
        [(f"{x} or more" if x == BINS else str(x), number) for x, number, _ in rows],
    )


def _cohorts(page: Page, tables: Tables, period: Period) -> None:
    days = tables.one(
        f"SELECT date_diff('day', min(ended_at), max(ended_at)) + 1 FROM ({_bought(period)})"
    )
    unit = next(name for limit, name in UNITS if days <= limit)
    rows = tables.rows(
        f"SELECT strftime(date_trunc('{unit}', first_at), '%Y-%m-%d'),"
        f" date_diff('{unit}', date_trunc('{unit}', first_at), date_trunc('{unit}', ended_at)),"
        f" count(DISTINCT customer_id) FROM ({_bought(period)}) GROUP BY 1, 2 ORDER BY 1, 2"
    )
    cohorts = list(dict.fromkeys(x[0] for x in rows))[-COHORTS_MAX:]
    if len(cohorts) < 2:
        page.text(f"Cohorts need more than one {unit} of history.")
        return
    counts = {(cohort, age): number for cohort, age, number in rows}
    ages = range(max(age for cohort, age in counts if cohort in cohorts) + 1)
    grid = [
        [
            round(100 * counts[cohort, age] / counts[cohort, 0], 1)
            if (cohort, age) in counts
            else None
            for age in ages
        ]
        for cohort in cohorts
    ]
    names = [f"{x} ({counts[x, 0]})" for x in cohorts]
    page.plot(
        "Cohorts",
        f"Of the customers whose first purchase was in that {unit} (so many), the percentage who "
        f"bought so many {unit}s later. Darker is more.",
        [
            {
                "type": "heatmap",
                "z": grid,
                "x": list(ages),
                "y": names,
                "colorscale": SHADES,
                "texttemplate": "%{z}",
                "zmin": 0,
                "zmax": 100,
            }
        ],
        yaxis={"autorange": "reversed", "type": "category"},
        xaxis={"title": {"text": f"{unit}s after the first"}, "dtick": 1},
    )


def _segments(page: Page, tables: Tables, period: Period, currency: Currency) -> None:
    """As the engine's rule had it at the end of the period."""
    rows = tables.rows(
        "SELECT segment, count(*), sum(bought), sum(spent)::BIGINT FROM ("
        " SELECT customer_id, arg_max(segment, since) AS segment FROM customer_segments"
        f" WHERE since < {_quoted(period.end)} GROUP BY 1) LEFT JOIN (SELECT customer_id,"
        " count(*) AS bought, sum(due_minor) AS spent FROM done GROUP BY 1) USING (customer_id)"
        " GROUP BY 1 ORDER BY 4 DESC NULLS LAST, 1"
    )
    if not rows:
        page.text("No customer belonged to a segment.")
        return
    names = [x[0].replace("_", " ") for x in rows]
    page.plot(
        "RFM segments",
        "Customers by what recency, frequency and money make of them, by the rule in force "
        "(engine/rules/segmentation.py), at the end of the period.",
        [{"type": "bar", "x": [x[1] for x in rows], "y": names, "orientation": "h"}],
        xaxis={"title": {"text": "customers"}},
        yaxis={"autorange": "reversed"},
    )
    page.table(
        "Segments",
        ("segment", "customers", "orders", "charged"),
        [
            (name, customers, int(orders or 0), currency.text(spent or 0))
            for name, (_, customers, orders, spent) in zip(names, rows, strict=True)
        ],
    )


def _campaigns(page: Page, tables: Tables, period: Period, currency: Currency) -> None:
    """Those that ran in the period, with all they have come to by the end of the journal."""
    rows = tables.rows(
        "SELECT campaign_id, treated, treated_buyers, held_out, held_out_buyers, uplift_permille,"
        " uplift_low, uplift_high, coalesce(redeemed, 0)::BIGINT, coalesce(off, 0)::BIGINT"
        " FROM campaigns LEFT JOIN (SELECT campaign_id, sum(redeemed) AS redeemed,"
        " sum(off_minor) AS off FROM campaign_members GROUP BY 1) USING (campaign_id)"
        f" WHERE from_at < {_quoted(period.end)}"
        f" AND coalesce(ended_at, until_at) >= {_quoted(period.start)} ORDER BY from_at, 1"
    )
    if rows:
        page.table(
            "Campaigns",
            ("campaign", "coupon", "bought", "held out", "bought", "uplift", "redeemed", "off"),
            [
                (
                    *(name, treated, share(buyers, treated), aside, share(aside_buyers, aside)),
                    *(_uplift(*uplift), redeemed, currency.text(off)),
                )
                for name, treated, buyers, aside, aside_buyers, *uplift, redeemed, off in rows
            ],
            "Who got the coupon and who was held out to compare; uplift in percentage points, "
            "with its 95 % confidence interval.",
        )


def _uplift(permille: int | None, low: int | None, high: int | None) -> str:
    if permille is None or low is None or high is None:
        return NOTHING
    return f"{permille / 10:+.1f} ({low / 10:+.1f} to {high / 10:+.1f})"


def _voices(page: Page, tables: Tables, currency: Currency) -> None:
    """What they said of it; nothing, if nobody said anything."""
    rows = tables.rows(
        "SELECT coalesce(name, store_id), count(*), avg(stars), count(*) FILTER (stars <= 2),"
        " avg(courier_stars) FROM rated LEFT JOIN stores USING (store_id)"
        f" GROUP BY store_id, name ORDER BY 3, 2 DESC, 1 LIMIT {STORES}"
    )
    if rows:
        page.table(
            "Ratings",
            ("store", "ratings", "mean stars", "two or fewer", "its couriers' mean"),
            rows,
            f"Stars from 1 to 5 by store, the worst first; at most {STORES} stores.",
        )
    rows = tables.rows(
        "SELECT reason, count(*), count(*) FILTER (escalated_at IS NULL), count(closed_at),"
        " sum(refunded_minor)::BIGINT FROM complained GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    if rows:
        page.table(
            "Complaints",
            ("about", "opened", "never overdue", "closed", "refunds approved"),
            [(*row, currency.text(refunded)) for *row, refunded in rows],
            "Opened in the period. Overdue: nobody had answered by the time that was due.",
        )


def _demand(page: Page, tables: Tables) -> None:
    """Hexagons in plain coordinates: a map would need tiles, and tiles a network."""
    rows = tables.rows(
        "SELECT dropoff_cell, sum(offered)::BIGINT, sum(refused)::BIGINT FROM ("
        " SELECT dropoff_cell, 1 AS offered, 0 AS refused FROM asked UNION ALL"
        " SELECT dropoff_cell, 0, 1 FROM refused WHERE command = 'RequestQuote')"
        " WHERE dropoff_cell IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    if not rows:
        return
    stores = tables.rows("SELECT lon, lat FROM stores ORDER BY store_id")
    most = max(offered + refused for _, offered, refused in rows)
    traces = [_hexagon(cell, offered, refused, most) for cell, offered, refused in rows]
    markers = {"symbol": "square", "size": 7, "color": BLUE, "line": {"color": "white", "width": 1}}
    traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "x": [x for x, _ in stores],
            "y": [y for _, y in stores],
            "marker": markers,
            "name": "stores",
            "hoverinfo": "skip",
        }
    )
    lat_deg = outline_of(int(rows[0][0], 16))[0].lat_deg
    page.plot(
        "Where deliveries were asked for",
        f"H3 cells of about 0.7 km2, by quotes asked for: from 1, pale, to {most}, dark. Squares "
        "are stores; north is up.",
        traces,
        showlegend=False,
        height=620,
        xaxis={"title": {"text": "longitude"}, "showgrid": False},
        yaxis={
            "title": {"text": "latitude"},
            "showgrid": False,
            "scaleanchor": "x",
            "scaleratio": round(1 / cos(radians(lat_deg)), 4),
        },
    )


def _hexagon(cell: str, offered: int, refused: int, most: int) -> dict[str, object]:
    corners = outline_of(int(cell, 16))
    corners.append(corners[0])
    return {
        "type": "scatter",
        "mode": "lines",
        "fill": "toself",
        "x": [round(x.lon_deg, 5) for x in corners],
        "y": [round(x.lat_deg, 5) for x in corners],
        "fillcolor": _shade((offered + refused) / most),
        "line": {"color": "white", "width": 1},
        "hoveron": "fills",
        "hoverinfo": "text",
        "text": f"{offered + refused} asked, {refused} refused",
    }


def _shade(part: float) -> str:
    """Along SHADES."""
    for (low, pale), (high, dark) in pairwise(SHADES):
        if part <= high:
            x = (part - low) / (high - low)
            pairs = zip(_rgb(pale), _rgb(dark), strict=True)
            return f"rgb({', '.join(str(round(a + (b - a) * x)) for a, b in pairs)})"
    return str(SHADES[-1][1])


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _quoted(at: datetime) -> str:
    return f"TIMESTAMPTZ '{at.isoformat()}'"
