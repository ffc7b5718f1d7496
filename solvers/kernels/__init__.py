"""What every policy is made of: compiled loops over the arrays of a problem."""
