"""What decides about frames, events, connections and delivery. Private: applications import nothing from here."""
