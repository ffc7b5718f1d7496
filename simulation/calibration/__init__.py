"""Fits a scenario to a day that really was: what was observed, what it says, how well it fits."""
