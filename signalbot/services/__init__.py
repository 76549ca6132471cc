"""What handlers use, built on infrastructure."""
