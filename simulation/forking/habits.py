"""What a journal that was watched to its end tells of its city's habits."""

from engine.engine import Engine
from engine.values import HOUR, MINUTE
from simulation.calibration.fitting import fit
from simulation.calibration.observed import Observed
from simulation.forking.likely import Past

LATELY_MS = HOUR  # whose pace of visits goes on
VISITS_MIN = 20  # as many at least are drawn from, however long ago


def past_of(seen: Observed, engine: Engine) -> Past:
    """From a journal that was watched to its end. Raises TooLittleError."""
    habits = fit(seen, engine.state.settings.usual, "The next hours")
    since = max(engine.now - LATELY_MS, seen.starts_at)
    lately = [x for x in seen.visits if x.at >= since]
    span_h = max(engine.now - since, MINUTE) / HOUR
    drawn_from = lately if len(lately) >= VISITS_MIN else seen.visits[-VISITS_MIN:]
    paces = {key: x.pace for key, x in seen.couriers.items() if x.legs_s}
    sells = {key: [str(x) for x in products] for key, products in seen.sells.items()}
    return Past(habits, drawn_from, len(lately) / span_h, paces, sells)
