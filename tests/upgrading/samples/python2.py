from tornado_websockets.websocket import WebSocket

ws = WebSocket("/old")


@ws.on
def say(socket, data):
    print "said", data
