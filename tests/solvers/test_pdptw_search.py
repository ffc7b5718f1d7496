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


def test_bargaining_takes_routes_apart_when_ejections_have_given_up():
    course = course_of(city(60, 5), 20_000).course
    phases = [phase for phase, *_ in course]
    assert phases[:3] == ["lead", "fleet", "squeeze"]
    assert phases[-2:] == ["bargain", "finish"]
    vehicles = [vehicles for phase, vehicles, _ in course if phase in ("squeeze", "bargain")]
    assert vehicles == sorted(vehicles, reverse=True)


def test_what_is_squeezed_has_a_route_less():
    search = Watched(prepare(city(60, 5)), "vehicles", 1)
    search._enter("squeeze", search.best, 0.5)
    closed = search._arrays.routes.closed
    assert closed.sum() == 1
    assert len(closed) == len(search.best.routes)


def test_what_a_phase_makes_worse_never_replaces_the_best():
    search = course_of(city(60, 5), 20_000)
    bests = [best for _, _, best in search.course]
    assert bests == sorted(bests, reverse=True)
    assert (len(search.best.routes), search.best.distance) <= bests[-1]


def test_distance_alone_knows_one_phase():
    assert [phase for phase, *_ in course_of(city(40, 3), 2_000, "distance").course] == ["finish"]
