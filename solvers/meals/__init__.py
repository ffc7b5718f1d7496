"""Meal delivery: planned minute by minute, one restaurant a trip, several trips ahead.

A solver of its own, because the referee's rules give it what the common contract does not say: a
list of orders may still grow while its courier rides, and shifts to come are known in advance.
"""
