"""A day drawn up: who is there, who comes when, in which weather."""
