"""Small meal-delivery days for tests, and where the public ones would be."""

from pathlib import Path

import numpy as np

from simulation.mdrp.instance import Courier, Instance, MealOrder, Restaurant, Spot, Terms

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
TERMS = Terms(320.0, 4.0, 4.0, 40.0, 90.0, 10.0, 15.0)


def small_day(seed: int, orders: int = 40, couriers: int = 8, restaurants: int = 6) -> Instance:
    """Two hours of a town of 6 km; busy enough for trips of several orders."""
    rng = np.random.default_rng(seed)

    def spot() -> Spot:
        x, y = rng.integers(0, 6_000, 2)
        return Spot(float(x), float(y))

    stores = [Restaurant(f"r{k}", spot()) for k in range(restaurants)]
    crew = [
        Courier(f"c{k}", spot(), float(rng.integers(0, 30)), float(rng.integers(130, 200)))
        for k in range(couriers)
    ]
    meals = []
    for k in range(orders):
        placed = int(rng.integers(20, 110))
        ready = placed + int(rng.integers(5, 30))
        store = stores[rng.integers(0, restaurants)].id
        meals.append(MealOrder(f"o{k}", spot(), float(placed), store, float(ready)))
    return Instance(f"small{seed}", TERMS, stores, crew, meals)


def write(day: Instance, folder: Path) -> Path:
    """The four files of the public format."""
    t = day.terms
    files = {
        "instance_parameters.txt": [
            (
                "meters_per_minute",
                "pickup service minutes",
                "dropoff service minutes",
                "target click-to-door",
                "maximum click-to-door",
                "pay per order",
                "guaranteed pay per hour",
            ),
            (
                t.meters_per_minute,
                t.pickup_service_min,
                t.dropoff_service_min,
                t.target_click_to_door_min,
                t.max_click_to_door_min,
                t.pay_per_order,
                t.guaranteed_pay_per_hour,
            ),
        ],
        "restaurants.txt": [
            ("restaurant", "x", "y"),
            *((x.id, *x.spot) for x in day.restaurants),
        ],
        "couriers.txt": [
            ("courier", "x", "y", "on_time", "off_time"),
            *((x.id, *x.spot, x.on_min, x.off_min) for x in day.couriers),
        ],
        "orders.txt": [
            ("order", "x", "y", "placement_time", "restaurant", "ready_time"),
            *((x.id, *x.spot, x.placed_min, x.restaurant, x.ready_min) for x in day.orders),
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in files.items():
        text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
        (folder / name).write_text(text, encoding="utf-8")
    return folder
