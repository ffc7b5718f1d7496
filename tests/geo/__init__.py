"""Places, distances, travel times, areas."""
