"""Who says that he is at a stop while his phone is elsewhere: told, counted, and nothing else."""

import msgspec
import pytest

from engine import commands as c
from engine.columns import PositionBatch
from engine.rejections import RejectionReason as Reason
from engine.settings import Settings
from engine.values import SECOND, StopKind
from gateway.telling.doubts import DOUBT_M, Doubts
from gateway.telling.feeds import FeedHub
from gateway.telling.logs import SavedFeeds
from gateway.views import city_courier
from geo.points import Point
from tests import cases
from tests.cases import HOME, STORE_PLACE, Case

NORTH_M = 89.932  # units of 1e-7 degree in a meter
KIM, SCOOTER_M_S = 0, Settings().travel.scooter_mm_s / 1_000


def away(place: Point, north_m: float) -> Point:
    return Point(place.lat_e7 + round(north_m * NORTH_M), place.lon_e7)


def seen(case: Case, place: Point, ago_s: int = 0) -> Case:
    """A fix that is so old when whatever follows is said."""
    now = case.now_s + 1
    batch = PositionBatch.pack([KIM], [place.lat_e7], [place.lon_e7], [now * SECOND])
    return case.at(now, c.ReportPositions(batch)).at(now + ago_s, c.Tick())


def told(case: Case, command: c.AnyCommand, counts: dict[str, int] | None = None) -> list:
    """Of the feeds, what they hear when this is said."""
    watching = Doubts(case.state, counts)
    before = len(case.records)
    case.at(case.now_s, command)
    return [x for record in case.records[before:] for x in watching.fold(record)]


ARRIVED = c.ReportArrival("kim", "o/1", StopKind.PICKUP)
PICKED_UP = c.ReportPickup("kim", "o/1")
BROUGHT = c.ReportDropoff("kim", "o/1")
NOBODY = c.ReportFailure("kim", "o/1", "customer_absent")


@pytest.mark.parametrize(
    ("stage", "command", "place", "said", "stop", "feeds"),
    [
        (cases.assigned, ARRIVED, STORE_PLACE, "report_arrival", "pickup", ["orders", "tickets"]),
        (cases.assigned, PICKED_UP, STORE_PLACE, "report_pickup", "pickup", ["orders", "tickets"]),
        (cases.on_board, BROUGHT, HOME, "report_dropoff", "dropoff", ["orders"]),
        (cases.on_board, NOBODY, HOME, "report_failure", "dropoff", ["orders"]),
    ],
)
def test_whoever_is_elsewhere_is_doubted_and_what_he_said_counts(
    stage, command, place, said, stop, feeds
):
    case, counts = seen(stage(), away(place, DOUBT_M + 50)), {}
    heard = told(case, command, counts)
    assert case.events
    assert [feed for feed, _, _ in heard] == feeds
    for _, _, body in heard:
        assert (body.said, body.stop, body.order) == (said, stop, "o")
        assert abs(body.distance_m - DOUBT_M - 50) <= 1
        assert body.seen_at == body.at
    assert counts == {"kim": 1}
    assert told(seen(stage(), away(place, DOUBT_M - 50)), command, counts) == []
    assert counts == {"kim": 1}


def test_who_may_have_come_since_is_not_doubted():
    far_m = DOUBT_M + 60 * SCOOTER_M_S - 20
    assert told(seen(cases.on_board(), away(HOME, far_m), ago_s=60), BROUGHT) == []
    assert told(seen(cases.on_board(), away(HOME, far_m), ago_s=55), BROUGHT)


def test_of_whom_nothing_is_known_nothing_is_said():
    """Silence is told of by itself, and is no proof."""
    stale_s = Settings().stale_ms // SECOND
    assert told(cases.on_board(), BROUGHT) == []
    assert told(seen(cases.on_board(), away(HOME, 50_000), ago_s=stale_s), BROUGHT)
    assert told(seen(cases.on_board(), away(HOME, 50_000), ago_s=stale_s + 1), BROUGHT) == []


def test_what_was_refused_was_not_said():
    case = seen(cases.on_board(), away(HOME, 5_000))
    assert told(case, PICKED_UP) == []
    case.rejects(
        Reason.ILLEGAL_TRANSITION,
        **{"from": "picked_up", "to": "picked_up"},
        allowed=["arrived_at_dropoff", "delivered", "returning", "created", "cancelled"],
    )


def test_feeds_tell_of_it_and_remember_how_often():
    case = seen(cases.on_board(), away(HOME, 5_000))
    hub, before = FeedHub(case.engine), len(case.records)
    case.at(case.now_s, BROUGHT)
    heard = [x for record in case.records[before:] for x in hub.fold(record)]
    bodies = [(feed, who, msgspec.msgpack.decode(body)) for feed, who, _, body in heard]
    assert [x[:2] for x in bodies if x[2]["type"] == "stop_doubted"] == [("orders", "app")]
    told_on = SavedFeeds(*msgspec.msgpack.decode(hub.dump()))
    assert told_on.doubts == {"kim": 1}
    shown = city_courier(case.state, "kim", case.engine.now, doubted=told_on.doubts["kim"])
    assert shown.doubted == 1


def test_nobody_is_doubted_for_what_he_tells_when_he_has_long_been_elsewhere():
    """His phone was offline at the door; now that he is on his way it tells when he was there."""
    case = cases.on_board()
    handed_over_at = (case.now_s + 30) * SECOND
    case.at(case.now_s + 630, c.Tick())
    case = seen(case, away(HOME, 550 * SCOOTER_M_S))
    late = c.ReportDropoff("kim", "o/1", occurred_at=handed_over_at)
    assert told(case, late) == []
    assert case.state.orders["o"].delivered_at == handed_over_at


def test_to_say_that_it_was_a_while_ago_does_not_excuse_what_cannot_be():
    """In contact all along, and 5 km away three minutes after he says that he was at the door."""
    case = cases.on_board()
    case.at(case.now_s + 600, c.Tick())
    case, counts = seen(case, away(HOME, 5_000)), {}
    late = c.ReportDropoff("kim", "o/1", occurred_at=(case.now_s - 180) * SECOND)
    [(_, _, body)] = told(case, late, counts)
    assert abs(body.distance_m - 5_000) <= 1
    assert counts == {"kim": 1}


def test_what_is_doubted_is_the_time_that_was_believed():
    """A clock that is a minute slow says that he handed over before he had it: right after, then."""
    far_m = DOUBT_M + 90 * SCOOTER_M_S
    case = seen(cases.on_board(), away(HOME, far_m + 50), ago_s=1)
    picked_up_at = case.state.deliveries.route("kim").step_at
    late = c.ReportDropoff("kim", "o/1", occurred_at=picked_up_at - 100 * SECOND)
    assert told(case, late)


@pytest.mark.parametrize(
    ("silent_s", "doubted"), [(0, True), (Settings().stale_ms // SECOND, False)]
)
def test_who_was_in_contact_all_along_says_too_late_that_he_was_there(silent_s, doubted):
    """He may have been; and could have said so then. Kept beside the snapshot it is known on."""
    case = cases.on_board()
    watching, place = Doubts(case.state), away(HOME, 5 * 60 * SCOOTER_M_S)
    start = len(case.records)
    for minute in range(15):
        seen(case, place, ago_s=59 + (silent_s if minute == 12 else 0))
    handed_over_at = (case.now_s - 450) * SECOND
    for record in case.records[start:]:
        assert watching.fold(record) == []
    again, start = Doubts(case.state, {}, watching.contacts.dump()), len(case.records)
    case.at(case.now_s, c.ReportDropoff("kim", "o/1", occurred_at=handed_over_at))
    told_of = [[x for r in case.records[start:] for x in of.fold(r)] for of in (watching, again)]
    assert [bool(x) for x in told_of] == [doubted, doubted]
    assert told_of[0] == told_of[1]
    assert case.state.orders["o"].delivered_at == handed_over_at
