"""What couriers' phones tell late: the same reports, with times that can be and that cannot."""

from msgspec.structs import replace

from engine import commands as c

Report = c.ReportArrival | c.ReportPickup | c.ReportDropoff | c.ReportFailure
AGO_MS = (-600_000, -90_000, 0, 5_000, 60_000, 100_000, 900_000, 30 * 3_600_000)
DATED = 0.3


def dated(day, command: c.AnyCommand) -> c.AnyCommand:
    """Some of them."""
    if not isinstance(command, Report) or day.rng.random() > DATED:
        return command
    return replace(command, occurred_at=max(0, day.at - day.rng.choice(AGO_MS)))
