"""What Tornado 6 does not have, and what its loop does not do while it runs."""

import tornado.ioloop
from tornado import gen, web
from tornado.gen import engine as running  # finds: gone-from-tornado
from tornado.gen import coroutine

from tornado_websockets.websocket import WebSocket

ws = WebSocket('/engines')


@ws.on
@gen.engine  # finds: gone-from-tornado
def start(socket):
    yield gen.Task(tornado.ioloop.IOLoop.current().add_timeout, 1)  # finds: gone-from-tornado
    socket.emit('started', {})


@ws.on
@running  # finds: gone-from-tornado
def stop(socket):
    yield gen.sleep(1)


@ws.on
@coroutine
def wait(socket):
    yield gen.sleep(1)


@ws.on
def pause(socket):
    tornado.ioloop.IOLoop.current().run_sync(lambda: gen.sleep(1))  # finds: run-sync


class Page(web.RequestHandler):

    @web.asynchronous  # finds: gone-from-tornado
    def get(self):
        self.finish()
