"""Jobs that other processes do."""

from tornado_websockets.modules import ProgressBar
from tornado_websockets.websocket import WebSocket

jobs = WebSocket("/jobs/<slug:key>")
rows = ProgressBar("rows", cancel=True, stages=2)
jobs.bind(rows)

counting = WebSocket("/counting")
count = ProgressBar("count", max=10)
counting.bind(count)
