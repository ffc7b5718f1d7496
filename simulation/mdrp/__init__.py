"""Real meal-delivery days: the public Grubhub instances, dispatched by the engine minute by minute.

D. Reyes et al., "The meal delivery routing problem", Optimization Online 6571 (2018).
"""
