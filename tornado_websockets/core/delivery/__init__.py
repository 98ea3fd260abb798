"""Who hears what is sent, in which order."""
