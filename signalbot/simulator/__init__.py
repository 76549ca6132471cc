"""Try a bot without an account."""
