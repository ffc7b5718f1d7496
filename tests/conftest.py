"""Settings that hold for every test."""

from hypothesis import settings

# A kernel that compiles, or a busy machine, is no failure of the property under test.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
