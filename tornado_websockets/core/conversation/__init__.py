"""What goes on with one client besides its events, which wait for each other: replies in parts, and questions to it."""
