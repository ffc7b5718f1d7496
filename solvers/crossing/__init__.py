"""The way across: everything here sees the engine's state; nothing else in `solvers/` does."""
