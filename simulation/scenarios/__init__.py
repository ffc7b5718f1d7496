"""The outside world as data: typed files, one over another, with all their flaws at once."""
