"""What is said: frames, limits, close codes, and how they look on the wire."""
