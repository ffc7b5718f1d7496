"""Pure functions from a Problem (arrays) to a Plan (arrays). Only bridge.py knows the engine."""
