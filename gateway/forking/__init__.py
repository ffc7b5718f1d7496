"""Fork now: jobs asked for over the gateway, and the process beside the engine that plays them."""
