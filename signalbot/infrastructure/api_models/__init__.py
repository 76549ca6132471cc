"""The shapes of the server's requests and answers."""
