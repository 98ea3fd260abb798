"""How connections end when daphne, uvicorn or a worker of gunicorn stops.

A signal ends the server at once, while clients shall first be told, a few at a time. So we take the signal from the
server, and hand it on when that is done. Every other server stops by rules of its own.
"""
