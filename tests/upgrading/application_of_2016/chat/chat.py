# -*- coding: utf-8 -*-
"""The chat: methods of one object are the handlers, as the documentation of 0.1 had it."""
from __future__ import unicode_literals

import threading
import time

from tornado.ioloop import IOLoop, PeriodicCallback

from tornado_websockets.websocket import WebSocket

ws_chat = WebSocket('/chat')


class Clock(object):
    """Counts tenths of a second, on Tornado's loop."""

    def __init__(self):
        self.tenths = 0

    def count(self):
        self.tenths += 1


clock = Clock()
PeriodicCallback(clock.count, 100).start()  # finds: timer-outside


class Chat(object):

    def __init__(self):
        # Without a context, methods would get no `self`.
        ws_chat.context = self
        self.lines = []

    @ws_chat.on
    def open(self, socket, data):  # finds: open-close-handler
        socket.name = data.get('name', 'somebody')
        ws_chat.emit('joined', {'name': socket.name, 'count': len(ws_chat.handlers)})

    @ws_chat.on
    def close(self, socket, data):  # finds: open-close-handler
        ws_chat.emit('left', {'name': socket.name})

    @ws_chat.on
    def say(self, socket, data):
        if not data.get('text'):
            return self._refuse(socket, 'Say something.')
        self.lines.append(data['text'])
        self._tell_all(socket.name, data['text'])

    def _refuse(self, socket, reason):
        socket.emit('refused', {'reason': reason})

    def _tell_all(self, name, text):
        ws_chat.emit('message', {'name': name, 'text': text})

    @ws_chat.on
    def history(self, socket):
        lines = [line for line in self.lines if line]
        socket.emit('history', lines)  # finds: emit-data
        socket.emit('count', len(lines))  # finds: emit-data

    @ws_chat.on
    def who(self, socket, data):
        socket.emit('you', 'You are %s' % socket.name)  # finds: emit-text

    @ws_chat.on
    def where(self, socket, data):
        socket.emit('where', {
            'address': socket.request.remote_ip,  # finds: tornado-socket
            'room': socket.get_argument('room', 'lobby'),  # finds: tornado-socket
            'theme': socket.get_cookie('theme'),  # finds: tornado-socket
            'user': socket.current_user,  # finds: tornado-socket
        })

    @ws_chat.on
    def echo(self, socket, data):
        socket.write_message('{"event": "echo", "data": {}}')  # finds: tornado-socket

    @ws_chat.on
    def ring(self, socket, data):
        thread = threading.Thread(target=self._ring, args=(3,))
        thread.daemon = True
        thread.start()

    def _ring(self, times):
        for number in range(times):
            time.sleep(0.05)
            ws_chat.emit('rang', {'number': number})

    @ws_chat.on
    def remind(self, socket, data):
        def tell():
            ws_chat.emit('reminded', {'text': data.get('text', '')})

        IOLoop.current().call_later(0.05, tell)  # finds: timer-in-handler

    @ws_chat.on
    def uptime(self, socket):
        socket.emit('uptime', {'tenths': clock.tenths})


chat = Chat()
