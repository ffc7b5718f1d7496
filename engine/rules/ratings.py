"""Who rated what how well: stars, and the words that may go with them."""

STARS = (1, 2, 3, 4, 5)
TAGS = (
    # of the goods and the store
    "tasty",
    "fresh",
    "well_packed",
    "good_value",
    "cold",
    "stale",
    "incomplete",
    "badly_packed",
    # of the courier
    "on_time",
    "friendly",
    "careful",
    "late",
    "unfriendly",
    "careless",
)
TAGS_MAX = 8
WITHIN_DAYS = 30  # of the end of the order
