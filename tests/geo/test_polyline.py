"""Encoded polylines: the values others publish, halves on either side of zero, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.points import Point, PointError
from geo.polyline import decode, encode

PUBLISHED = [
    (
        [(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)],
        "_p~iF~ps|U_ulLnnqC_mqNvxq`@",
    ),
    ([(31.2304, 121.4737), (31.2310, 121.4750)], "_ur}DsildVwBcG"),
    ([], ""),
]
points = st.builds(
    Point, st.integers(-900_000_000, 900_000_000), st.integers(-1_800_000_000, 1_800_000_000)
)


def places(degrees):
    return [Point.of_degrees(*x) for x in degrees]


@pytest.mark.parametrize(("degrees", "text"), PUBLISHED)
def test_what_others_publish_is_what_is_written_and_read(degrees, text):
    assert encode(places(degrees)) == text
    assert decode(text) == places(degrees)


@pytest.mark.parametrize(
    ("lat_e7", "precision", "read_e7"),
    [
        (50, 5, 100),
        (-50, 5, -100),
        (49, 5, 0),
        (-49, 5, 0),
        (-150, 5, -200),
        (150, 5, 200),
        (-899_999_950, 5, -900_000_000),
        (5, 6, 10),
        (-5, 6, -10),
        (-4, 6, 0),
        (-25, 6, -30),
    ],
)
def test_a_half_is_rounded_away_from_zero_on_either_side(lat_e7, precision, read_e7):
    [found] = decode(encode([Point(lat_e7, -lat_e7)], precision), precision)
    assert found == Point(read_e7, -read_e7)


@given(st.lists(points), st.sampled_from([5, 6]))
def test_what_is_written_is_read_again_and_no_error_adds_up(way, precision):
    found = decode(encode(way, precision), precision)
    half_e7 = 10 ** (7 - precision) // 2
    assert len(found) == len(way)
    for a, b in zip(way, found, strict=True):
        assert abs(a.lat_e7 - b.lat_e7) <= half_e7
        assert abs(a.lon_e7 - b.lon_e7) <= half_e7
    assert encode(found, precision) == encode(way, precision)


@given(st.text(alphabet=st.characters(min_codepoint=60, max_codepoint=130)))
def test_any_text_is_read_or_refused(text):
    try:
        found = decode(text)
    except ValueError:
        return
    assert decode(encode(found)) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("_", "cut off"),
        ("_p~iF", "without a longitude"),
        ("_p~iF~ps|", "cut off"),
        ("?? ", "not of a polyline"),
        ("~" * 9 + "??", "not of a polyline"),
        ("~~~~~?~~~~~?", "out_of_range"),
    ],
)
def test_what_is_none_is_refused_in_words(text, why):
    with pytest.raises(ValueError, match=why):
        decode(text)


def test_there_are_two_precisions():
    with pytest.raises(ValueError, match="precision 7"):
        encode([], 7)
    with pytest.raises(PointError):
        decode(encode([Point(900_000_000, 0)], 6), 5)
