"""How a process numbers its events, has them kept, and mends what did not arrive."""
