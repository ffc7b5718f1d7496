"""How long rides take, of what they take as a rule: measured while the city rides."""

from engine.state.settings import USUAL_PPM

RIDE_MS = 5 * 60_000  # an ordinary one; longer ones say more
SHORTEST_MS = 60_000  # of a shorter ride most is not riding
RIDES_MIN = 20  # what a city's index is made of at least
SLOWEST = 3  # times as planned; what takes longer was no ride only
LEAST_PPM, MOST_PPM = USUAL_PPM // 2, USUAL_PPM * 3
STEP_PERMILLE = 20  # travel times stand still below: plans need not be drawn up anew for noise


def next_index_ppm(index_ppm: int, usual_ms: int, taken_ms: int, on_their_way: int) -> int:
    """After one more ride. An exponential average of half as many rides as deliveries are
    `on_their_way`: some five minutes' worth in a small city and in a large one. Rides count by
    their lengths, for what has to be right is the sum of them.
    """
    planned = usual_ms * index_ppm
    surprise = min(taken_ms * USUAL_PPM, SLOWEST * planned) - planned
    change = surprise // (max(RIDES_MIN, on_their_way // 2) * RIDE_MS)
    return max(LEAST_PPM, min(MOST_PPM, index_ppm + change))


def index_in_force(permille: int, index_ppm: int) -> int:
    """What travel times follow: the measured index, once it is a step away from what they do."""
    measured = (index_ppm + 500) // 1_000
    return measured if abs(measured - permille) >= STEP_PERMILLE else permille
