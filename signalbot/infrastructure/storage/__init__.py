"""Places to keep values, behind one interface."""
