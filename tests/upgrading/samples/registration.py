"""Handlers that are refused when the module is imported."""

import functools

import tornado_websockets.websocket
from tornado_websockets.helpers import anything  # finds: no-such-module
from tornado_websockets.modules import Module

ws = tornado_websockets.websocket.WebSocket('/registration')
other = tornado_websockets.websocket.WebSocket('/other')
notes = Module('notes')
ws.bind(notes)


@ws.on
def say(socket, data):
    ws.emit('said', data)


@other.on  # of another WebSocket
def say(socket, data):
    other.emit('said', data)


class Chat(object):

    @ws.on
    def say(self, socket, data):  # finds: registered-twice
        ws.emit('said', data)

    @ws.on
    def wave(self, sock, message):  # finds: handler-signature
        ws.emit('waved', message)


@notes.on
def add(socket, data):
    notes.emit('added', data)


@notes.on
def add(socket, data, times=1):  # finds: registered-twice
    notes.emit('added', data)


def logged(function):
    @functools.wraps(function)
    def wrapper(socket, data):
        return function(socket, data, 'logged')
    return wrapper


@ws.on
@logged
def decorated(socket, data, how):
    ws.emit('decorated', {'how': how})
