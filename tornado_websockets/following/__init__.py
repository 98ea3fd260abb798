"""Who hears of a row: its creation, its changes, its moves and its end, once they are committed."""
