"""Signalbot inside other people's programs."""
