"""A stand-in server, and what tests need around it."""
