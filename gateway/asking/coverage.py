"""Whether promises hold what they say, by store and hour: for stores, and for operators."""

from engine.engine import Engine
from engine.projections import Projections
from engine.projections.hours import hour_of, rows_since
from engine.values import HOUR, StoreId
from gateway import messages as m
from gateway.asking.analytics import promises_told
from gateway.asking.paging import page_after
from gateway.tokens import Identity
from gateway.wire import time_text


def get_coverage(b: m.GetCoverage, who: Identity, engine: Engine, p: Projections) -> m.Coverage:
    """Hours in which something came to its door, or was ready on the counter."""
    first = hour_of(engine.now) - b.hours + 1
    rows = list(rows_since(p.punctuality.hours, first))
    stores, more = [StoreId(who.subject)], None
    if who.role == "operator":
        known = dict.fromkeys(key for _, row in rows for key in row.stores)
        stores, more = page_after(list(known), b.after, b.limit)
    told = [
        m.CoverageHour(store, time_text(hour * HOUR), promises_told(found))
        for store in stores
        for hour, row in rows
        if (found := row.stores.get(store)) is not None
    ]
    wanted = engine.state.settings.current.promise_kept_permille
    return m.Coverage(time_text(first * HOUR), time_text(engine.now), wanted, told, more)
