"""What Signal says, as pure values: people, events, text."""
