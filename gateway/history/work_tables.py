"""The tables of people's work: couriers' shifts and offers, and who was in stores."""

from gateway.history.schema import Table, columns

WORK: dict[str, Table] = {
    "courier_shifts": Table(
        "A row for each shift, with what was finished after its end and before the next.",
        columns("""
            courier_id       text
            vehicle          text
            started_at       time
            planned_end_at   time
            ended_at         time  empty: still going on
            broken_down      bool
            on_duty_ms       int   on shift, or still carrying after it
            busy_ms          int   with something accepted to carry
            delivered        int
            fetched          int   orders
            bundles          int   visits to stores that fetched them
            earned_minor     minor tips included
            currency         text
            ridden_m         real  between reported positions
            fleet_id         text  whose courier; empty: the house's own
        """),
    ),
    "planned_shifts": Table(
        "When couriers were to work, as it stands at the end of the journal.",
        columns("""
            courier_id       text
            shift_id         text
            starts_at        time
            ends_at          time
            dropped          bool
        """),
    ),
    "offers": Table(
        "What couriers were offered, took and gave back.",
        columns("""
            happened_at      time
            delivery_id      text
            courier_id       text
            what             text  offered, accepted or unassigned
            reason           text
        """),
    ),
    "timecards": Table(
        "Who was at work in stores, a row each time; as last corrected. Paid: there, less unpaid \
breaks.",
        columns("""
            timecard_id      text
            store_id         text
            staff_id         text  an opaque id
            job              text
            started_at       time
            ended_at         time  empty: still there
            paid_ms          int
            paid_breaks_ms   int   of that
            unpaid_breaks_ms int
            forgotten        bool  nobody clocked out: the engine did
            reason           text  it was written down, or corrected, because
        """),
    ),
    "duties": Table(
        "Who was to work in stores: the roster, as it stands at the end of the journal.",
        columns("""
            duty_id          text
            store_id         text
            staff_id         text
            job              text
            starts_at        time
            ends_at          time
            published        bool  else a draft
            dropped          bool
        """),
    ),
}
