"""What a WebSocket is to whoever serves it: found, asked whether a client may connect, told of connections."""
