"""The course of a search: which phase follows which, from which plan, and what is kept."""

from solvers.pdptw.preparation import prepare
from solvers.pdptw.search import Meter, Search
from tests.solvers.test_pdptw import city


class Watched(Search):
    """Notes each phase it enters: (phase, vehicles and distance of its plan, of the best)."""

    def __init__(self, *words):
        self.course = []
        super().__init__(*words)

    def _enter(self, phase, plan, progress):
        best = self.best
        self.course.append((phase, len(plan.routes), (len(best.routes), best.distance)))
        super()._enter(phase, plan, progress)


def course_of(instance, iterations, objective="vehicles"):
    search = Watched(prepare(instance), objective, 1)
    search.run(Meter(None, iterations), 1.0)
    return search


def test_a_quick_reduction_is_tried_again_from_one_vehicle_more():
    course = course_of(city(60, 5), 20_000).course
    again = [(vehicles, best[0]) for phase, vehicles, best in course if phase == "again"]
    assert again
    assert all(vehicles == best + 1 for vehicles, best in again)
    assert course[-1][0] == "finish"


def test_what_a_phase_makes_worse_never_replaces_the_best():
    search = course_of(city(60, 5), 20_000)
    bests = [best for _, _, best in search.course]
    assert bests == sorted(bests, reverse=True)
    assert (len(search.best.routes), search.best.distance) <= bests[-1]


def test_distance_alone_knows_one_phase():
    assert [phase for phase, *_ in course_of(city(40, 3), 2_000, "distance").course] == ["finish"]
