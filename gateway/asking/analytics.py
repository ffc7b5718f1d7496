"""The projections of the last hours as the protocol tells them: to operators, and to a store."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import asdict

from engine.engine import Engine
from engine.projections import Projections
from engine.projections.churn import ChurnHour
from engine.projections.demand import RESOLUTION, Asked
from engine.projections.durations import Durations
from engine.projections.emissions import Ridden
from engine.projections.funnel import FunnelHour
from engine.projections.hours import Hour, hour_of, rows_since, summed
from engine.projections.punctuality import CLOCK, Promises, PunctualityHour
from engine.projections.sales import SalesHour, Sold, StoreSales
from engine.projections.utilization import PERMILLE, Work, gini_permille
from engine.rules.emissions import GRAMS_PER_KM, SOURCES
from engine.state import State
from engine.values import HOUR, SECOND, Millis, ProductId, StoreId
from gateway import messages as m
from gateway.tokens import Identity
from gateway.wire import money, time_text
from geo.cells import outline_of
from geo.travel import Vehicle

TOP = 10
MM, GRAM_UG = 1_000, 1_000_000
LEAST_DUTY_MS = HOUR // 4  # on duty for less, earnings per hour say nothing
DEGREE_DIGITS = 5


def analytics(
    body: m.GetAnalytics | m.GetStoreAnalytics | m.GetHeatMap,
    who: Identity,
    engine: Engine,
    projections: Projections,
) -> m.ReplyBody:
    first = hour_of(engine.now) - body.hours + 1
    match body:
        case m.GetAnalytics():
            return _of_city(projections, engine, first)
        case m.GetStoreAnalytics():
            return _of_store(projections, engine, first, StoreId(who.subject))
        case m.GetHeatMap():
            return _heat(projections, engine, first)


def _of_city(p: Projections, engine: Engine, first: Hour) -> m.Analytics:
    s, now = engine.state, engine.now
    currency = s.settings.current.currency
    sales = [x for _, x in rows_since(p.sales.hours, first)]
    punctual = [x for _, x in rows_since(p.punctuality.hours, first)]
    stores = _by_key((x.stores for x in sales), StoreSales)
    promises = _by_key((x.stores for x in punctual), Promises)
    categories = _by_key((x.categories for x in sales), Sold)
    at_tills = _by_key((x.till_categories for x in sales), Sold)
    return m.Analytics(
        time_text(first * HOUR),
        time_text(now),
        currency,
        _sales(_total((x.all for x in sales), StoreSales), currency),
        promises_told(_total((x.all for x in punctual), Promises)),
        list(_hours(p, first, now, currency)),
        [
            m.StoreFigures(
                x,
                s.stores[x].name,
                _sales(stores.get(x, StoreSales()), currency),
                promises_told(promises.get(x, Promises())),
            )
            for x in sorted({**stores, **promises})
        ],
        [_sold(name, x, currency) for name, x in _most(categories)],
        [_sold(name, x, currency) for name, x in _most(at_tills)],
        [_sold(_name(s, key), x, currency) for key, x in _most(p.sales.today(now))[:TOP]],
        summed(x.early_ends for x in sales),
        summed(x.books for x in sales),
        _funnel(_total((x for _, x in rows_since(p.funnel.hours, first)), FunnelHour)),
        list(_clock(punctual)),
        _fleet(p, engine, first, currency),
        list(_vehicles(p, first)),
        _churn(_total((x for _, x in rows_since(p.churn.hours, first)), ChurnHour)),
        SOURCES,
        summed(x.tenders for x in sales),
    )


def _of_store(p: Projections, engine: Engine, first: Hour, store: StoreId) -> m.StoreAnalytics:
    currency = engine.state.settings.current.currency
    hours = list(_hours(p, first, engine.now, currency, store))
    sales = (x.stores.get(store, StoreSales()) for _, x in rows_since(p.sales.hours, first))
    promised = (x.stores.get(store, Promises()) for _, x in rows_since(p.punctuality.hours, first))
    return m.StoreAnalytics(
        time_text(first * HOUR),
        time_text(engine.now),
        _sales(_total(sales, StoreSales), currency),
        promises_told(_total(promised, Promises)),
        hours,
    )


def _heat(p: Projections, engine: Engine, first: Hour) -> m.HeatMap:
    cells = _by_key((x.cells for _, x in rows_since(p.demand.hours, first)), Asked)
    return m.HeatMap(
        time_text(first * HOUR),
        time_text(engine.now),
        RESOLUTION,
        [_cell(cell, x) for cell, x in cells.items()],
    )


# parts


def _hours(
    p: Projections, first: Hour, now: Millis, currency: str, store: StoreId | None = None
) -> Iterator[m.HourFigures]:
    """Every hour there is, quiet ones too; of one store, or of all together."""
    known, last = [*p.sales.hours, *p.funnel.hours], hour_of(now)
    fleet = p.utilization.fleet_since(first, now) if store is None else {}
    for hour in range(max(first, min(known, default=last)), last + 1):
        sales = p.sales.hours.get(hour) or SalesHour()
        punctual = p.punctuality.hours.get(hour) or PunctualityHour()
        sold = sales.all if store is None else sales.stores.get(store, StoreSales())
        kept = punctual.all if store is None else punctual.stores.get(store, Promises())
        asked = p.funnel.hours.get(hour, FunnelHour()) if store is None else FunnelHour()
        work = fleet.get(hour, Work())
        yield m.HourFigures(
            time_text(hour * HOUR),
            _sales(sold, currency),
            promises_told(kept),
            asked.asked,
            asked.asked - asked.offered,
            work.on_duty_ms // SECOND,
            work.busy_ms // SECOND,
        )


def _sales(x: StoreSales, currency: str) -> m.SalesFigures:
    average = x.charged_minor // x.fulfilled if x.fulfilled else None
    return m.SalesFigures(
        x.placed,
        x.fulfilled,
        x.cancelled,
        x.returned,
        money(x.goods_minor, currency),
        money(x.fees_minor, currency),
        money(x.charged_minor, currency),
        money(x.discounts_minor, currency),
        x.till_units,
        x.receipts,
        money(x.till_minor, currency),
        money(x.till_refunded_minor, currency),
        None if average is None else money(average, currency),
    )


def promises_told(x: Promises) -> m.PromiseFigures:
    return m.PromiseFigures(**asdict(x))


def _sold(name: str, x: Sold, currency: str) -> m.SoldFigures:
    return m.SoldFigures(name, x.units, money(x.minor, currency))


def _funnel(x: FunnelHour) -> m.FunnelFigures:
    return m.FunnelFigures(**asdict(x) | {"refusals": summed(iter([x.refusals]))})


def _clock(punctual: list[Any]) -> Iterator[m.ClockFigures]:
    for name in CLOCK:
        total = Durations()
        for hour in punctual:
            total.add_all(hour.clock[name])
        p50, p90 = (total.percentile_ms(x) // SECOND for x in (50, 90))
        yield m.ClockFigures(name, total.count, total.mean_ms // SECOND, p50, p90)


def _fleet(p: Projections, engine: Engine, first: Hour, currency: str) -> m.FleetFigures:
    work = _total(p.utilization.fleet_since(first, engine.now).values(), Work)
    today = p.utilization.today(engine.now)
    hourly = [
        x.earned_minor * HOUR // x.on_duty_ms
        for x in today.values()
        if x.on_duty_ms >= LEAST_DUTY_MS
    ]
    duty_ms = work.on_duty_ms
    return m.FleetFigures(
        duty_ms // SECOND,
        work.busy_ms // SECOND,
        work.delivered,
        work.fetched,
        work.bundles,
        money(work.earned_minor, currency),
        PERMILLE * work.busy_ms // duty_ms if duty_ms else None,
        round(work.delivered * HOUR / duty_ms, 2) if duty_ms else None,
        round(work.bundles * HOUR / duty_ms, 2) if duty_ms else None,
        gini_permille(hourly) if hourly else None,
    )


def _vehicles(p: Projections, first: Hour) -> Iterator[m.VehicleFigures]:
    ridden: dict[Vehicle, Ridden] = _by_key(
        (x.vehicles for _, x in rows_since(p.emissions.hours, first)), Ridden
    )
    for vehicle, x in ridden.items():
        factor = GRAMS_PER_KM[vehicle]
        yield m.VehicleFigures(
            vehicle.value,
            x.ridden_mm // MM,
            x.carrying_mm // MM,
            round(x.ridden_mm * factor / GRAM_UG, 1),
            x.delivered,
            round(x.delivered_ug / GRAM_UG, 1),
            factor,
        )


def _churn(x: ChurnHour) -> m.ChurnFigures:
    ordered = {name: summed(iter([getattr(x, name)])) for name in ("withdrawn", "skipped")}
    return m.ChurnFigures(**asdict(x) | ordered)


def _cell(cell: int, x: Asked) -> m.HeatCell:
    outline = [
        (round(y.lat_deg, DEGREE_DIGITS), round(y.lon_deg, DEGREE_DIGITS)) for y in outline_of(cell)
    ]
    return m.HeatCell(f"{cell:x}", outline, x.offered, x.refused, x.placed)


# adding up


def _by_key(rows: Iterable[dict[Any, Any]], make: type[Any]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for row in rows:
        for key, x in row.items():
            sum_ = found.get(key)
            if sum_ is None:
                sum_ = found[key] = make()
            sum_.add(x)
    return found


def _total(rows: Iterable[Any], make: type[Any]) -> Any:
    total = make()
    for x in rows:
        total.add(x)
    return total


def _most(sold: dict[Any, Sold]) -> list[tuple[Any, Sold]]:
    return sorted(sold.items(), key=lambda x: (-x[1].minor, x[0]))


def _name(s: State, product: ProductId) -> str:
    known = s.products.get(product)
    return known.name if known else product
