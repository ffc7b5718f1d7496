"""Data folders that earlier versions of the program wrote, and what today's makes of them."""
