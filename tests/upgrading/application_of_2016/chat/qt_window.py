"""A window on the desk of whoever looks after the chat: other things emit as well."""


class Window(object):

    def __init__(self, signals, socketio):
        self.clicked = signals['clicked']
        self.socketio = socketio
        self.socket = socketio.socket

    def click(self):
        self.clicked.emit([1, 2, 3])
        self.socketio.emit('open', ['a list'])
        self.socket.emit('close', 42)
        self.socket.get_argument('room')


def tell(socket):
    socket.emit('numbers', [1, 2, 3])
