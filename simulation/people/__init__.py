"""Who acts on a day: customers, stores, couriers, the bank, planner and operator."""
