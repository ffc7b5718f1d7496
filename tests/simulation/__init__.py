"""The outside world, the lab and all that is played in simulated time."""
