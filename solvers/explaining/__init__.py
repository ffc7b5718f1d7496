"""Who else could take an order at what cost, or what keeps everybody from it."""
