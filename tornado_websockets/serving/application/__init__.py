"""What ``ASGI_APPLICATION`` names: whether it is there, and whether it serves WebSockets."""
