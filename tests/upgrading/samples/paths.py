"""Paths that were regular expressions: none of them would match any more."""

from tornado_websockets.modules import progress_bar
from tornado_websockets.websocket import WebSocket as Socket

ROOM = r'/room/(?P<name>\w+)'
PREFIX = '/api'

rooms = Socket(ROOM)  # finds: regex-path
numbers = Socket(path=r'/number/(\d+)')  # finds: regex-path
anything = Socket(PREFIX + '/.*')  # finds: regex-path
upload = progress_bar.ProgressBar('upload/[a-z]+')  # finds: regex-path
plain = Socket('/plain.old-path_1')
today = Socket('/today/<slug:name>')
root = Socket('')


@today.on
def say(socket, name):
    socket.emit('said', {'name': name})
