"""The engine and its meal solver as a child process of the public meal-delivery referee.

    mdrp_live.py INSTANCE_DIR -- python benchmarks/mdrp_agent.py

One JSON object a line: `init`, then `tick` after `tick`, then `end`. It sees what the referee says
is known at each minute, and nothing else.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulation.mdrp.dispatcher import Dispatcher, warm_up
from simulation.mdrp.fleet import CourierView, Instruction
from simulation.mdrp.instance import Courier, MealOrder, Restaurant, Spot, Terms


def dispatcher_of(init: dict[str, Any]) -> Dispatcher:
    """From the referee's first message."""
    p = init["params"]
    terms = Terms(
        meters_per_minute=p["meters_per_minute"],
        pickup_service_min=p["pickup_service"],
        dropoff_service_min=p["dropoff_service"],
        target_click_to_door_min=p["target_click_to_door"],
        max_click_to_door_min=p["max_click_to_door"],
        pay_per_order=p["pay_per_order"],
        guaranteed_pay_per_hour=p["guaranteed_pay_per_hour"],
    )
    restaurants = [Restaurant(key, Spot(x, y)) for key, x, y in init["restaurants"]]
    couriers = [Courier(key, Spot(x, y), on, off) for key, x, y, on, off in init["couriers"]]
    warm_up(terms)
    return Dispatcher(terms, restaurants, couriers)


def answer(dispatcher: Dispatcher, tick: dict[str, Any]) -> dict[str, Any]:
    """What couriers are to be told at this minute."""
    orders = [
        MealOrder(key, Spot(x, y), placed, restaurant, ready)
        for key, x, y, placed, restaurant, ready in tick["orders"]
    ]
    fleet = [
        CourierView(x["id"], x["at"], x["free"], x["state"], x["orders"]) for x in tick["couriers"]
    ]
    told = dispatcher.tick(tick["t"], orders, fleet)
    return {"commands": [_command(x) for x in told]}


def _command(told: Instruction) -> dict[str, Any]:
    if told.move:
        return {"courier": told.courier, "move": told.move}
    return {"courier": told.courier, "orders": told.orders}


def main() -> None:
    """Until the referee says `end`."""
    encoder, dispatcher = msgspec.json.Encoder(), None
    for line in sys.stdin.buffer:
        message = msgspec.json.decode(line)
        match message["type"]:
            case "init":
                dispatcher = dispatcher_of(message)
                reply: dict[str, Any] = {"ready": True}
            case "tick":
                assert dispatcher is not None
                reply = answer(dispatcher, message)
            case _:
                break
        sys.stdout.buffer.write(encoder.encode(reply) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
