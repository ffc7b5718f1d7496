"""Settings that hold for every test."""

from hypothesis import settings

# A kernel that compiles, or a busy machine, is no failure of the property under test. The same
# examples every time, so that a failure is of the change it follows; `make explore` draws others.
settings.register_profile("patient", deadline=None, derandomize=True)
settings.register_profile("exploring", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("patient")
