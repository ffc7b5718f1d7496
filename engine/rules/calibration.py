"""How promises learn to be kept as often as they should be, whatever the day is like."""

from engine.settings import Settings

WHOLE, HALF = 1_000, 500  # permille
STEP_MS = 60_000  # what is learned at most from one promise if none were ever kept
ALL_MS = 15 * STEP_MS  # and from all that are on their way at a time


def next_margin_ms(settings: Settings, margin_ms: int, on_their_way: int, *, is_kept: bool) -> int:
    """A little less after a promise that was kept, more after one that was not.

    Of nine in ten that are to be kept, each takes off a tenth of a step and each that is broken
    adds nine: it stands still where one in ten is broken. (H. Robbins and S. Monro, "A stochastic
    approximation method", Annals of Mathematical Statistics 22, 1951, with a constant step, for
    what is to be found does not stand still.) As many promises as deliveries are `on_their_way`
    were made before what is learned from this one is felt: the more, the smaller the step, or the
    margin would swing between too little and far too much.
    """
    change = _change_ms(settings.promise_kept_permille, on_their_way, is_kept)
    most = settings.promise_max_ms // 2
    return max(-settings.promise_buffer_ms, min(most, margin_ms + change))


def next_median_ms(settings: Settings, median_ms: int, on_their_way: int, *, is_early: bool) -> int:
    """The same for the time by which half of them come: it may be far from the formula."""
    most = settings.promise_max_ms // 2
    change = _change_ms(HALF, on_their_way, is_early)
    return max(-most, min(most, median_ms + change))


def _change_ms(wanted: int, on_their_way: int, is_kept: bool) -> int:
    step_ms = min(STEP_MS, ALL_MS // max(1, on_their_way))
    return -step_ms * (WHOLE - wanted) // WHOLE if is_kept else step_ms * wanted // WHOLE
