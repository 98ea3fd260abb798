"""What goes on behind a progress bar: where it stands, which run of it is alive, and whether that shall end."""
