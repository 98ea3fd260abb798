"""How each ASGI server behaves beyond what ASGI says."""
