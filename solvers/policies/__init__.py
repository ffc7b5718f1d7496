"""Who decides: each policy turns a problem into a plan; `solvers/portfolio.py` lists them."""
