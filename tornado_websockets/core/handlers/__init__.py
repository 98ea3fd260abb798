"""Which function runs for an event, with what, in which thread, and what becomes of its result."""
