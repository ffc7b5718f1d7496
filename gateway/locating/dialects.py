"""What trackers say, in their own words: OsmAnd (as Traccar's apps send it), OwnTracks, and ours.

Each becomes the same fix: degrees of WGS-84, meters per second, RFC 3339. Whose it is says the
token; a device's own id is read by nobody.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from gateway import messages as m
from gateway.codes import Refusal
from gateway.wire import time_text

KNOT_MPS = 1852 / 3600
SECONDS_BELOW = 2**31 - 1  # a larger timestamp is in milliseconds
FIXES_MAX = 100


class Report(Struct, frozen=True):
    """`is_owntracks`: its app wants a list for an answer."""

    fixes: list[m.Fix]
    device: m.DeviceState | None = None
    is_owntracks: bool = False


def read(query: Mapping[str, str], body: bytes, content_type: str) -> Report:
    """Any of them, by what it looks like. Raises Refusal("malformed")."""
    text = body.lstrip()
    try:
        if text.startswith((b"{", b"[")):
            return _json(msgspec.json.decode(text))
        if "form" in content_type and text:
            return osmand_query({**query, **_form(text)})
        return osmand_query(query)
    except Refusal:
        raise
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise Refusal("malformed", str(error)[:160]) from None


def osmand_query(query: Mapping[str, str]) -> Report:
    """`lat`, `lon` (or `location=lat,lon`), `timestamp`; speed in knots, battery in percent."""
    if "location" in query:
        lat, lon = query["location"].split(",")
    else:
        lat, lon = query["lat"], query["lon"]
    speed = _number(query.get("speed"))
    fix = _fix(
        float(lat),
        float(lon),
        _time(query["timestamp"]),
        _number(query.get("accuracy")),
        None if speed is None else speed * KNOT_MPS,
        _number(query.get("bearing") or query.get("heading")),
    )
    battery, charging = _number(query.get("batt")), query.get("charge")
    return Report(
        [fix],
        _device(
            battery,
            None if charging is None else charging == "true",
            query.get("mock") == "true" if "mock" in query else None,
        ),
    )


def osmand_json(body: Mapping[str, Any]) -> Report:
    """`location.coords`; meters per second, battery from 0 to 1, and -1 for what is not known."""
    location = body["location"]
    coords, battery = location["coords"], location.get("battery") or {}
    level = battery.get("level")
    fix = _fix(
        coords["latitude"],
        coords["longitude"],
        _time(location["timestamp"]),
        coords.get("accuracy"),
        coords.get("speed"),
        coords.get("heading"),
    )
    percent = None if level is None else level * 100
    mock = location.get("mock", coords.get("mock"))
    return Report([fix], _device(percent, battery.get("is_charging"), mock))


def owntracks(body: Mapping[str, Any]) -> Report:
    """`_type` `location`: epoch seconds, km/h. Of a last will only that the phone is gone."""
    if body["_type"] == "lwt":
        return Report([], m.DeviceState(problem="no_network"), is_owntracks=True)
    if body["_type"] != "location":
        return Report([], None, is_owntracks=True)  # waypoints, cards and the like
    speed = body.get("vel")
    fix = _fix(
        body["lat"],
        body["lon"],
        _time(body["tst"]),
        body.get("acc"),
        None if speed is None else speed / 3.6,
        body.get("cog"),
    )
    status = body.get("bs")
    charging = None if status in (None, 0) else status in (2, 3)
    return Report([fix], _device(body.get("batt"), charging, None), is_owntracks=True)


def _json(body: Any) -> Report:
    if isinstance(body, list) or (isinstance(body, dict) and "type" in body):
        return _ours(body)
    if not isinstance(body, dict):
        raise ValueError("not a report")
    return owntracks(body) if "_type" in body else osmand_json(body)


def _ours(body: Any) -> Report:
    """A frame as on the websocket, or several in a list."""
    frames = body if isinstance(body, list) else [body]
    fixes, device = list[m.Fix](), None
    for frame in frames:
        said = msgspec.convert(frame, m.Positions | m.DeviceState)
        if isinstance(said, m.DeviceState):
            device = said
        else:
            fixes += said.fixes
    if len(fixes) > FIXES_MAX:
        raise ValueError(f"at most {FIXES_MAX} fixes at once")
    return Report(fixes, device)


def _fix(
    lat: float,
    lon: float,
    at: str,
    accuracy_m: float | None,
    speed_mps: float | None,
    heading_deg: float | None,
) -> m.Fix:
    """Checked as one of ours would be: Raises msgspec.ValidationError."""
    told = {"lat": float(lat), "lon": float(lon), "fix_time": at}
    if accuracy_m is not None and accuracy_m >= 0:
        told["accuracy_m"] = accuracy_m
    if speed_mps is not None and speed_mps >= 0:
        told["speed_mps"] = round(speed_mps, 2)
    if heading_deg is not None and heading_deg >= 0:
        told["heading_deg"] = heading_deg % 360
    return msgspec.convert(told, m.Fix)


def _device(
    battery_pct: float | None, charging: bool | None, mock: bool | None
) -> m.DeviceState | None:
    if battery_pct is None and charging is None and mock is None:
        return None
    percent = None if battery_pct is None or battery_pct < 0 else round(min(battery_pct, 100.0))
    return m.DeviceState(percent, charging, mock)


def _time(said: str | float) -> str:
    """Seconds or milliseconds since the epoch, ISO 8601, or a date and time in UTC."""
    if isinstance(said, str):
        try:
            number = float(said)
        except ValueError:
            moment = datetime.fromisoformat(said)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            return time_text(round(moment.timestamp() * 1_000))
    else:
        number = float(said)
    return time_text(round(number * 1_000 if number < SECONDS_BELOW else number))


def _number(said: str | None) -> float | None:
    return float(said) if said else None


def _form(text: bytes) -> dict[str, str]:
    return dict(parse_qsl(text.decode()))
