"""Every thread, and the loop."""
