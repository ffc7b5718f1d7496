"""Riding: what is learned from how long couriers take from one stop to the next."""

from dataclasses import dataclass

from engine.events import CourierArrived, RideMeasured, happened_at
from engine.rules.stops import place_of
from engine.rules.travel_time import SHORTEST_MS, index_in_force, next_index_ppm
from engine.state.couriers import Couriers
from engine.state.deliveries import Deliveries
from engine.state.settings import CurrentSettings
from engine.state.stores import Stores
from engine.turn import Turn
from engine.values import Stop
from geo.travel import PERMILLE


@dataclass(eq=False, slots=True)
class Riding:
    settings: CurrentSettings
    stores: Stores
    couriers: Couriers
    deliveries: Deliveries

    # follow-ups

    def measure(self, turn: Turn, e: CourierArrived) -> None:
        """Only a ride whose beginning is known says how fast somebody rides."""
        settings, route = self.settings.current, self.deliveries.route(e.courier)
        left = route.left
        if left is None or not route.under_way or not settings.measures_rides:
            return
        if route.stops[0] != Stop(e.stop, e.delivery):
            return
        travel, at = settings.travel, happened_at(e, turn.at)
        speed = travel.speed_mm_s(self.couriers[e.courier].vehicle)
        goal = place_of(e.stop, self.deliveries[e.delivery], self.stores)
        planned_ms = travel.travel_ms(left, goal, speed)
        usual_ms, taken_ms = planned_ms * PERMILLE // travel.index_permille, at - route.left_at
        if usual_ms < SHORTEST_MS:
            return
        others = len(self.deliveries.open)
        index_ppm = next_index_ppm(self.settings.index_ppm, usual_ms, taken_ms, others)
        in_force = index_in_force(travel.index_permille, index_ppm)
        turn.emit(RideMeasured(e.courier, usual_ms, taken_ms, index_ppm, in_force))
