"""What decides: kernels, policies, the way across, static routing."""
