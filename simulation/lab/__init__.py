"""The lab: what if, asked of the engine that runs the city, and answered with confidence.

Arms (scenarios that differ in what is varied) play the same seeds: the same customers, kitchens
and doors. What is compared is the difference, seed by seed.
"""
