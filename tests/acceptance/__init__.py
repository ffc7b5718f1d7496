"""What each of the engine's users asks of it, told as sentences."""
