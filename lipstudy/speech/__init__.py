"""Audio in, phones in time, synthesis."""
