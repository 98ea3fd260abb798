"""How Tornado serves WebSockets, and Django beside them."""
