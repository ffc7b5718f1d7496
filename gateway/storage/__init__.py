"""What is kept: the journal, snapshots, recovery from both, and whether they are sound."""
