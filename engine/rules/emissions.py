"""CO2e of riding, by vehicle, with the source of each factor. Tank or socket to wheel.

car      167 g/km: average car, unknown fuel; UK Government GHG Conversion Factors 2023
scooter   17 g/km: electric moped, 3 kWh/100 km, at 570 g/kWh: China's national grid factor for
          2022, Ministry of Ecology and Environment
bicycle, walk: nothing is burnt
"""

from geo.travel import Vehicle

SOURCES = (
    "engine/rules/emissions.py: car, UK Government GHG Conversion Factors 2023; electric scooter, "
    "3 kWh/100 km at China's national grid factor for 2022 (MEE)"
)
GRAMS_PER_KM: dict[Vehicle, int] = {
    Vehicle.WALK: 0,
    Vehicle.BICYCLE: 0,
    Vehicle.SCOOTER: 17,
    Vehicle.CAR: 167,
}


def grams(vehicle: Vehicle, distance_m: int) -> float:
    return GRAMS_PER_KM[vehicle] * distance_m / 1_000
