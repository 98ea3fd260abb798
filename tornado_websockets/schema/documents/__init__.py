"""How what every WebSocket takes and sends is written down for others: one description, and a document in each form."""
