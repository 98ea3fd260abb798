"""Joins WebSockets to Django Channels and its ASGI servers, and processes to each other."""
