"""How messages reach other processes, through the channel layer."""
