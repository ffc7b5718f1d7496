"""What customers of a live city say afterwards: the later it came, the fewer stars."""

from engine.values import MINUTE
from simulation.commerce.parts import Shoppers
from simulation.opinions import opinion
from simulation.streams import RandomStreams

TALKATIVE, SILENT = Shoppers(rates=1.0, complains=1.0), Shoppers()


def opinions(habits, late_min):
    streams = RandomStreams(5)
    return [opinion(habits, late_min * MINUTE, streams.named(n)) for n in range(400)]


def test_the_later_it_comes_the_fewer_stars_it_gets():
    means = []
    for late_min in (-20, 5, 15, 60):
        said = opinions(TALKATIVE, late_min)
        assert all(1 <= x.stars <= x.courier_stars <= 5 for x in said)
        assert all(("late" in x.tags) is (late_min > 0) for x in said)
        means.append(sum(x.stars for x in said) / len(said))
    assert means == sorted(means, reverse=True)
    assert means[0] > 4.5
    assert means[-1] == 1


def test_nobody_speaks_unless_the_scenario_says_so():
    assert all(x.is_silent for x in opinions(SILENT, 30))
    assert not any(x.is_silent for x in opinions(TALKATIVE, -30))
