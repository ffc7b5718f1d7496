"""Where things are and how long it takes to get there. Pure; knows no orders.

points      a place on the ground in integers; validation, distance, interpolation
sphere      the arithmetic under it: the same bits on every machine
datums      GCJ-02 and BD-09 (China) to WGS-84 and back
travel      travel times: straight line x detour / speed, or a line in the space of the streets
space       streets as four numbers a place, so that distances are travel times
surveying   a city measured, and such a space fitted to it; city_streets is the file of it all
roads       streets as a graph in arrays, made of ways; chains joins the pieces between junctions
snapping    places put on streets, and exact times between them
zones       delivery areas: polygons and circles
cells       H3 cells of points: heat maps
grid        live positions in cells: who is near?
tracks      which position reports to believe
fences      arrivals, departures and crossings on the way
"""
