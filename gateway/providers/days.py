"""By which days and in which words of time providers keep their books."""

from datetime import date, datetime, timedelta, timezone, tzinfo

from engine.values import DAY, Millis

BEIJING = timezone(timedelta(hours=8))  # WeChat's and Alipay's


def day_in(zone: tzinfo, day: date) -> tuple[Millis, Millis]:
    """From when until when it lasts there."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    from_at = round(start.timestamp()) * 1_000
    return Millis(from_at), Millis(from_at + DAY)


def clock_text(at_s: int, zone: tzinfo = BEIJING) -> str:
    """Without saying which clock, as they all do."""
    return f"{datetime.fromtimestamp(at_s, zone):%Y-%m-%d %H:%M:%S}"
