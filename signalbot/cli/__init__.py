"""The signalbot command."""
