"""How durations are spread: counted in steps, so that a day costs no more than an hour."""

from msgspec import Struct

STEP_MS = 15_000
STEPS_MAX = 4 * 60 * 24  # a day; whatever is longer counts there


class Durations(Struct, array_like=True):
    """Count and sum are exact; a percentile is the upper end of its step. May be negative."""

    count: int = 0
    sum_ms: int = 0
    steps: dict[int, int] = {}

    def add(self, duration_ms: int | None) -> None:
        """None adds nothing."""
        if duration_ms is None:
            return
        self.count += 1
        self.sum_ms += duration_ms
        step = max(-STEPS_MAX, min(-(-duration_ms // STEP_MS), STEPS_MAX))
        self.steps[step] = self.steps.get(step, 0) + 1

    def add_all(self, other: "Durations") -> None:
        self.count += other.count
        self.sum_ms += other.sum_ms
        for step, number in other.steps.items():
            self.steps[step] = self.steps.get(step, 0) + number

    @property
    def mean_ms(self) -> int:
        return self.sum_ms // self.count if self.count else 0

    def percentile_ms(self, percent: int) -> int:
        """By nearest rank; 0 if there are none."""
        rank, seen = -(-self.count * percent // 100), 0
        for step in sorted(self.steps):
            seen += self.steps[step]
            if seen >= rank:
                return step * STEP_MS
        return 0
