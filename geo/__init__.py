"""Where things are and how long it takes to get there. Pure; knows no orders.

points      a place on the ground in integers; validation, distance, interpolation
sphere      the arithmetic under it: the same bits on every machine
datums      GCJ-02 and BD-09 (China) to WGS-84 and back
travel      travel times without streets: straight line x detour / speed, by hour of the day
roads       streets as a graph in arrays, made of ways; chains joins the pieces between junctions
snapping    places put on streets, and exact times between them
zones       delivery areas: polygons and circles
cells       H3 cells of points: heat maps
grid        live positions in cells: who is near?
tracks      which position reports to believe
fences      arrivals, departures and crossings on the way
"""
