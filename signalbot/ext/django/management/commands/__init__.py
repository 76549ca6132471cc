"""Each module is a command of the same name."""
