"""The engine from within: wiring, state, invariants, projections."""
