"""The server's operations, one area a file."""
