"""Sales: over time, by store, category and product; what came to nothing, and why."""

from gateway.reporting.amounts import NOTHING, Currency, share
from gateway.reporting.period import Period, Tables
from simulation.pages import BLUE, GREEN, ORANGE, SHADES, VERMILION, Page, label

BARS, TOP = 25, 20
TWO_SIDES = {"l": 64, "r": 70, "t": 16, "b": 48}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def add_to(page: Page, tables: Tables, period: Period, currency: Currency) -> None:
    page.section("Sales", "An order counts when it is fulfilled, with what was left of it then.")
    _over_time(page, tables, period, currency)
    _by_store(page, tables, currency)
    _by_category(page, tables, currency)
    if period.days > 2:
        _by_weekday(page, tables, currency)
    _products(page, tables, currency)
    _funnel(page, tables)
    _lost(page, tables, period, currency)


def _over_time(page: Page, tables: Tables, period: Period, currency: Currency) -> None:
    step, text = period.step, _text(period)
    at, orders, goods, fees = tables.columns(
        f"SELECT strftime(date_trunc('{step}', ended_at), '{text}'), count(*),"
        " sum(goods_minor), sum(fee_minor) FROM done GROUP BY 1 ORDER BY 1"
    )
    till_at, till = tables.columns(
        f"SELECT strftime(date_trunc('{step}', told_at), '{text}'), sum(amount_minor)"
        " FROM till GROUP BY 1 ORDER BY 1"
    )
    bars = [("goods", goods, BLUE), ("delivery fees", fees, ORANGE)]
    traces = [_bar(at, [currency.major(x) for x in of], name, color) for name, of, color in bars]
    if till:
        traces.append(_bar(till_at, [currency.major(x) for x in till], "tills", GREEN))
    line = {"type": "scatter", "x": at, "y": orders, "name": "orders", "yaxis": "y2"}
    page.plot(
        f"By {step}",
        f"What customers were charged, by the {step} of delivery or collection; orders on the "
        "right. Tills are what stores sold over their own counters, refunds taken off.",
        [*traces, line | {"line": {"color": VERMILION}}],
        barmode="stack",
        yaxis={"title": {"text": currency.code}},
        margin=TWO_SIDES,
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "title": {"text": "orders"},
            "rangemode": "tozero",
        },
    )


def _by_store(page: Page, tables: Tables, currency: Currency) -> None:
    rows = tables.rows(
        "SELECT coalesce(name, store_id), count(*), sum(goods_minor), sum(discount_minor),"
        " sum(fee_minor), sum(due_minor) FROM done LEFT JOIN stores USING (store_id)"
        " GROUP BY store_id, name ORDER BY 6 DESC, 1"
    )
    shown = rows[:BARS]
    page.plot(
        "By store",
        f"Goods after discounts; the {len(shown)} stores that sold for most, of {len(rows)}.",
        [_bar([label(x[0]) for x in shown], [currency.major(x[2]) for x in shown], "goods", BLUE)],
        yaxis={"title": {"text": currency.code}},
        xaxis={"tickangle": -40},
    )
    total = [sum(x[k] for x in rows) for k in range(1, 6)]
    if len(rows) > BARS:
        shown = [*shown, ("others", *(sum(x[k] for x in rows[BARS:]) for k in range(1, 6)))]
    page.table(
        "Stores",
        ("store", "orders", "goods", "discounts", "fees", "charged", "average order"),
        [_row(x, currency) for x in [*shown, ("all", *total)]],
    )


def _row(x: tuple[object, ...], currency: Currency) -> tuple[str | int, ...]:
    name, orders, *amounts = x
    assert isinstance(orders, int)
    charged = amounts[-1]
    assert isinstance(charged, int)
    texts = [currency.text(y) for y in amounts if isinstance(y, int)]
    return (str(name), orders, *texts, currency.text(charged / orders) if orders else NOTHING)


def _by_category(page: Page, tables: Tables, currency: Currency) -> None:
    names, goods = tables.columns(
        "SELECT category, sum(amount_minor) FROM order_lines JOIN done USING (order_id)"
        " GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    till_names, till = tables.columns(
        "SELECT category, sum(amount_minor) FROM till GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    traces = [_bar([label(x) for x in names], [currency.major(x) for x in goods], "orders", BLUE)]
    if till:
        x = [label(x) for x in till_names]
        traces.append(_bar(x, [currency.major(x) for x in till], "tills", GREEN))
    page.plot(
        "By category",
        "Goods after discounts, in the category a product was listed in when it was ordered.",
        traces,
        yaxis={"title": {"text": currency.code}},
    )


def _by_weekday(page: Page, tables: Tables, currency: Currency) -> None:
    cells = {
        (day, hour): amount
        for day, hour, amount in tables.rows(
            "SELECT isodow(ended_at), hour(ended_at), sum(due_minor) FROM done GROUP BY 1, 2"
        )
    }
    grid = [
        [currency.major(cells.get((day, hour), 0)) for hour in range(24)] for day in range(1, 8)
    ]
    page.plot(
        "By weekday and hour",
        f"What was charged, summed over the period, in {currency.code}. Darker is more.",
        [{"type": "heatmap", "z": grid, "x": list(range(24)), "y": WEEKDAYS, "colorscale": SHADES}],
        yaxis={"autorange": "reversed"},
        xaxis={"title": {"text": "hour of the day"}, "dtick": 2},
    )


def _products(page: Page, tables: Tables, currency: Currency) -> None:
    rows = tables.rows(
        "SELECT name, category, sum(quantity), sum(amount) FROM ("
        " SELECT product_id, name, category, kept AS quantity, amount_minor AS amount"
        " FROM order_lines JOIN done USING (order_id) UNION ALL"
        " SELECT product_id, name, category, quantity, amount_minor FROM till)"
        f" GROUP BY product_id, name, category ORDER BY 4 DESC, 1 LIMIT {TOP}"
    )
    page.table(
        "Products",
        ("product", "category", "pieces", "goods"),
        [
            (name, category, int(pieces), currency.text(amount))
            for name, category, pieces, amount in rows
        ],
        f"The {len(rows)} that sold for most, by orders and at tills.",
    )


def _funnel(page: Page, tables: Tables) -> None:
    """Of the quotes of the period, whenever what became of them happened."""
    [(offered, placed, paid, accepted, handed, fulfilled)] = tables.rows(
        "SELECT count(*), count(a.order_id), count(o.confirmed_at), count(o.accepted_at),"
        " count(*) FILTER (status IN ('handed_over', 'fulfilled', 'returned')),"
        " count(*) FILTER (status = 'fulfilled')"
        " FROM asked a LEFT JOIN orders o ON a.order_id = o.order_id"
    )
    refused = tables.one("SELECT count(*) FROM refused WHERE command = 'RequestQuote'")
    steps = {
        "quotes asked for": offered + refused,
        "offered": offered,
        "ordered": placed,
        "paid": paid,
        "accepted by the store": accepted,
        "handed over": handed,
        "fulfilled": fulfilled,
    }
    funnel = {"type": "funnel", "y": list(steps), "x": list(steps.values())}
    page.plot(
        "From question to door",
        f"What became of the quotes of this period; {share(placed, offered + refused)} were "
        "accepted.",
        [
            funnel
            | {"marker": {"color": BLUE}, "texttemplate": "%{value:d} (%{percentInitial:.1%})"}
        ],
        margin={"l": 160, "r": 20, "t": 10, "b": 20},
    )


def _lost(page: Page, tables: Tables, period: Period, currency: Currency) -> None:
    rows = tables.rows(
        "SELECT status, coalesce(reason, ''), count(*), sum(due_minor) FROM ended"
        " WHERE status <> 'fulfilled' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    )
    page.table(
        "Orders that came to nothing",
        ("ended", "by / because", "orders"),
        [(status, reason, number) for status, reason, number, _ in rows],
        "Who ended them, and the reason given.",
    )
    rows = tables.rows(
        "SELECT reason, way, coalesce(outcome, 'open'), count(*), sum(goods_minor + delivery_minor"
        " - fee_minor)::BIGINT FROM given_back GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"
    )
    if rows:
        page.table(
            "Returns after delivery",
            ("because", "brought by", "outcome", "times", "given back, or to be"),
            [(*row, currency.text(amount)) for *row, amount in rows],
            "Previewed in the period; the customer brings them to the store, or a courier does.",
        )
    rows = tables.rows(
        "SELECT command, reason, count(*) FROM refused GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 25"
    )
    page.table(
        "Refusals",
        ("asked for", "refused because", "times"),
        rows,
        "Codes of the protocol, most frequent first.",
    )
    at, command, times = tables.columns(
        f"SELECT strftime(date_trunc('{period.step}', refused_at), '{_text(period)}'), reason,"
        " count(*) FROM refused WHERE command = 'RequestQuote' GROUP BY 1, 2 ORDER BY 1, 2"
    )
    if times:
        by_reason: dict[str, tuple[list[str], list[int]]] = {}
        for moment, reason, number in zip(at, command, times, strict=True):
            x, y = by_reason.setdefault(reason, ([], []))
            x.append(moment)
            y.append(number)
        page.plot(
            "Quotes refused",
            f"Customers who asked and got no offer, by {period.step} and reason.",
            [{"type": "bar", "x": x, "y": y, "name": name} for name, (x, y) in by_reason.items()],
            barmode="stack",
            yaxis={"title": {"text": "quotes"}},
        )


def _bar(x: list[str], y: list[float], name: str, color: str) -> dict[str, object]:
    return {"type": "bar", "x": x, "y": y, "name": name, "marker": {"color": color}}


def _text(period: Period) -> str:
    return "%Y-%m-%d %H:%M" if period.step == "hour" else "%Y-%m-%d"
