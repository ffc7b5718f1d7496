"""Where couriers are, as their phones say: which fixes to believe, the newest to the engine, all of
them kept for a while by the time they were measured; and how the phones themselves are doing."""
