"""Random days of commerce for the fuzzers: who may do what, drawn by weight."""
