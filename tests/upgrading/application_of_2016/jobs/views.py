# -*- coding: utf-8 -*-
from __future__ import unicode_literals

import time

from django.shortcuts import render
from tornado import gen

from tornado_websockets.modules import ProgressBar
from tornado_websockets.modules.progress_bar import ProgressBar as OldProgressBar
from tornado_websockets.websocket import WebSocket

from .modules import Notes

ROWS = 5

ws = WebSocket('jobs')

notes = Notes()
ws.bind(notes)

rows = ProgressBar('rows', min=0, max=ROWS)
ws.bind(rows)

busy = ProgressBar('busy', indeterminate=True)
ws.bind(busy)

upload = OldProgressBar('/upload', min=0, max=ROWS)


@rows.on
def start(socket):
    rows.reset()
    busy.tick(label='Busy')
    for number in range(1, ROWS + 1):
        time.sleep(0.01)
        rows.tick(label='Row %d' % number)


@upload.on
def begin(socket):
    upload.value = upload.min
    for number in range(1, ROWS + 1):
        upload.tick(label='Part %d' % number)


@ws.on
@gen.coroutine
def slowly(socket, data):
    yield gen.sleep(0.05)
    socket.emit('slowly', {'done': True})


@ws.on
def later(socket, data):
    for client in ws.handlers:
        if client is not socket:
            client.emit('later', '')  # finds: emit-text


def index(request):
    return render(request, 'jobs/index.html', {'rows': ROWS})
