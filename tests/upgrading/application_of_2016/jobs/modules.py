# -*- coding: utf-8 -*-
from __future__ import unicode_literals

from tornado_websockets.modules import Module


class Notes(Module):
    """Notes that everybody sees."""

    def __init__(self):
        super(Notes, self).__init__('notes')
        self.notes = []

    def initialize(self):
        @self.on
        def add(socket, data):
            self.notes.append(data.get('text', ''))
            self.emit('added', {'text': self.notes[-1], 'count': len(self.notes)})
