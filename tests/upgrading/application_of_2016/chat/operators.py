# -*- coding: utf-8 -*-
"""Operators have a connection of their own making, which is mounted by hand."""
from __future__ import unicode_literals

from tornado.websocket import WebSocketClosedError

from tornado_websockets.tornadowrapper import TornadoWrapper
from tornado_websockets.websocket import WebSocket
from tornado_websockets.websockethandler import WebSocketHandler


class Operator(WebSocketHandler):  # finds: tornado-side

    def initialize(self, websocket):
        super(Operator, self).initialize(websocket)
        self.received = 0

    def check_origin(self, origin):  # finds: own-check-origin
        return True

    def on_message(self, message):
        self.received += 1
        super(Operator, self).on_message(message)

    def on_close(self):
        self.received = 0
        super(Operator, self).on_close()


ws_operators = WebSocket('/operators', add_to_handlers=False)
TornadoWrapper.add_handlers(('/ws/operators', Operator, {'websocket': ws_operators}))  # finds: tornado-mounted


@ws_operators.on
def count(socket):
    for operator in ws_operators.handlers:
        try:
            operator.emit('counted', {'received': socket.received})
        except WebSocketClosedError:
            pass
