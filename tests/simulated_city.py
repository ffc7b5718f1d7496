"""A very small scenario for tests: six stores, eight couriers, three quarters of an hour."""

from msgspec.structs import replace

from simulation.scenarios.scenario import Scenario
from simulation.scenarios.scenario_file import parse

SMALL = """
name = "Small"
teaches = "A city that fits into a test."
starts_at = 2025-03-07T11:00:00+08:00
hours = 0.75

[city]
lat = 31.2304
lon = 121.4737
radius_m = 1_800

[demand]
orders = 45
profile = [1.0, 2.0, 1.0]
customers = 60
reach_m = 900
lines = { median = 1.7, p90 = 3.5 }
two_of_it = 0.3
thinking_s = { median = 25, p90 = 90 }
longest_promise_min = { median = 75, p90 = 110 }
tolerance_min = { median = 25, p90 = 60 }

[[products]]
id = "noodles"
name = "Noodles"
category = "food"
price_minor = 2_800
popularity = 3

[[products]]
id = "tea"
name = "Tea"
category = "drinks"
price_minor = 1_500

[[stores]]
name = "Kitchen"
count = 4
sells = ["food", "drinks"]
preparation_s = { median = 420, p90 = 700 }
answers_s = { median = 12, p90 = 45 }
handover_s = { median = 50, p90 = 100 }

[[stores]]
name = "Counter"
count = 2
sells = ["drinks"]
attraction = 0.5
preparation_s = { median = 120, p90 = 200 }
answers_s = { median = 8, p90 = 20 }
handover_s = { median = 30, p90 = 60 }

[[couriers]]
name = "Scooters"
count = 8
vehicle = "scooter"
capacity = 16
to_h = 1.5
pace = { median = 1.0, p90 = 1.12 }
answers_s = { median = 6, p90 = 15 }
door_s = { median = 90, p90 = 180 }

[bank]
answers_s = { median = 1.2, p90 = 4 }

[engine]
planning_interval_ms = 10_000
"""


def small() -> Scenario:
    """Where nothing goes wrong."""
    return parse(SMALL)


def troubled() -> Scenario:
    """Where everything that can go wrong does, often."""
    calm = small()
    return replace(
        calm,
        demand=replace(
            calm.demand,
            changes_mind=0.1,
            absent=0.15,
            refuses=0.1,
            wants_pin=0.4,
            comes_back=0.5,
        ),
        stores=[
            replace(
                x,
                rejects=0.05,
                silent=0.05,
                missing=0.2,
                optimism=0.3,
                tells_when_late=0.5,
                stock=12,
                restocks_every_h=0.25,
                walk_ins_per_h=20,
                pauses_at_orders=3,
                unsellable_returns=0.5,
            )
            for x in calm.stores
        ],
        couriers=[
            replace(
                x,
                declines=0.2,
                silent=0.1,
                leaves_early=0.3,
                breakdown_every_h=1.0,
                repair_min=15,
            )
            for x in calm.couriers
        ],
        bank=replace(calm.bank, declines=0.1, silent=0.1, late=0.15, repeats=0.4, fails=0.1),
    )


EVENTFUL = """
[[zones]]
name = "Old town"
where = { lat = 31.2304, lon = 121.4737, radius_m = 900 }
weight = 2
profile = [2, 1, 1]

[[zones]]
name = "East side"
where = { polygon = [[31.224, 121.478], [31.238, 121.478], [31.238, 121.489], [31.224, 121.489]] }

[[episodes]]
kind = "rain"
name = "Shower"
from_h = 0.2
to_h = 0.6
speed = 0.7
demand = 2.0
acceptance = 0.7
known = true

[[episodes]]
kind = "road_closure"
name = "Burst pipe"
from_h = 0.1
to_h = 0.7
where = { lat = 31.2304, lon = 121.4737, radius_m = 500 }
speed = 0.3
known = true

[[episodes]]
kind = "store_outage"
name = "Fuse"
from_h = 0.3
to_h = 0.5
stores = "Kitchen"
count = 2

[[episodes]]
kind = "payment_outage"
name = "Certificate"
from_h = 0.35
to_h = 0.45

[[episodes]]
kind = "flash_sale"
name = "Tea for two"
from_h = 0.1
to_h = 0.4
stores = "Counter"
orders = 15
price = 0.5

[[episodes]]
kind = "strike"
name = "Walk-out"
from_h = 0.25
to_h = 0.5
share = 0.4

[[episodes]]
kind = "crowd"
name = "Stadium"
from_h = 0.4
to_h = 0.6
where = { lat = 31.236, lon = 121.468, radius_m = 150 }
orders = 20
profile = [3, 1]
"""


def eventful() -> Scenario:
    """Where something happens all the time, and couriers have breaks and phones."""
    calm = parse(SMALL + EVENTFUL)
    couriers = [replace(x, break_every_h=0.4, break_min=8, gps_noise_m=25) for x in calm.couriers]
    return replace(calm, couriers=couriers)
