"""What is wrong with an instance is said with the file, the line and the column."""

import pytest

from simulation.mdrp.instance import InstanceError, Spot, read_instance
from tests.mdrp_days import SHARED, TERMS, small_day, write


def broken(tmp_path, name, old, new):
    """A small day with one text replaced in one file."""
    path = write(small_day(1), tmp_path / "day") / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path.parent


def test_an_instance_reads_back_as_it_was_written(tmp_path):
    day = small_day(1)
    read = read_instance(write(day, tmp_path / day.name))
    assert read == day


def test_a_missing_folder_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(InstanceError, match="nowhere: no such folder"):
        read_instance(tmp_path / "nowhere")
    folder = write(small_day(1), tmp_path / "day")
    (folder / "couriers.txt").unlink()
    with pytest.raises(InstanceError, match=r"couriers\.txt: no such file"):
        read_instance(folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("orders.txt", "ready_time", "ready", "no column 'ready_time'"),
        ("orders.txt", "o3\t", "o2\t", "'o2' twice, in rows 3 and 4"),
        ("couriers.txt", "c0\t", "\t", "line 2, column 'courier': empty"),
        ("couriers.txt", "c1\t", "c1\tnorth", "column 'x': 'north"),
        ("couriers.txt", "c1\t", "c1\t0\t", "line 3: too many columns"),
        ("restaurants.txt", "r1\t", "r1\t999", "line 3, column 'x': 999.* is not within 100 km"),
        ("restaurants.txt", "r0\t", "rX\t", "column 'restaurant': unknown restaurant 'r0'"),
        ("restaurants.txt", "r0\t", "c0\t", "'c0' is both in restaurants.txt and couriers.txt"),
        ("instance_parameters.txt", "\n320", "\n0", "'meters_per_minute': 0"),
        ("instance_parameters.txt", "\n320.0\t", "\n", "too few columns"),
    ],
)
def test_what_is_wrong_is_said_where(tmp_path, name, old, new, message):
    with pytest.raises(InstanceError, match=message):
        read_instance(broken(tmp_path, name, old, new))


def test_food_is_not_ready_before_it_is_ordered(tmp_path):
    folder = write(small_day(1), tmp_path / "day")
    path = folder / "orders.txt"
    head, first, *rest = path.read_text().splitlines()
    cells = first.split("\t")
    cells[5] = str(float(cells[3]) - 1)
    path.write_text("\n".join([head, "\t".join(cells), *rest]) + "\n")
    with pytest.raises(InstanceError, match=r"line 2, column 'ready_time'.*before placement_time"):
        read_instance(folder)


def test_a_shift_ends_after_it_began(tmp_path):
    folder = write(small_day(1), tmp_path / "day")
    path = folder / "couriers.txt"
    head, first, *rest = path.read_text().splitlines()
    cells = first.split("\t")
    cells[4] = cells[3]
    path.write_text("\n".join([head, "\t".join(cells), *rest]) + "\n")
    with pytest.raises(InstanceError, match=r"line 2, column 'off_time'.*not after on_time"):
        read_instance(folder)


def test_rides_take_whole_minutes():
    assert TERMS.ride_min(Spot(0, 0), Spot(0, 0)) == 0
    assert TERMS.ride_min(Spot(0, 0), Spot(0, 320)) == 1
    assert TERMS.ride_min(Spot(0, 0), Spot(0, 321)) == 2


def test_the_public_instances_can_be_read():
    folder = SHARED / "data" / "mdrp" / "0o50t100s1p100"
    if not folder.exists():
        pytest.skip("the public instances are not here")
    day = read_instance(folder)
    assert (len(day.orders), len(day.couriers), len(day.restaurants)) == (252, 61, 93)
