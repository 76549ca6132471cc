"""Which handler gets an event, decided without any I/O."""
