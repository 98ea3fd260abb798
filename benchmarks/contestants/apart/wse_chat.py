"""wse-server, as its README has it: its events are taken in batches, and Rust broadcasts."""

import json
import sys

from wse_server import RustWSEServer

server = RustWSEServer("127.0.0.1", int(sys.argv[1]), max_connections=100_000)
server.enable_drain_mode()
server.start()
while True:  # is_running() is false for a moment yet
    for kind, client, content in server.drain_inbound(256, 50):
        if kind == "connect":
            server.subscribe_connection(client, ["chat"])
        elif kind == "msg":
            server.broadcast_local("chat", json.dumps(content))
