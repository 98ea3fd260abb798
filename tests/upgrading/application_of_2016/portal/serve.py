"""Serves without `manage.py`: python -m portal.serve."""
import os

import django

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'portal.settings')
django.setup()

from django.conf import settings  # noqa

from tornado_websockets.tornadowrapper import TornadoWrapper  # noqa

if __name__ == '__main__':
    TornadoWrapper.start_app(settings.TORNADO['handlers'], settings.TORNADO['settings'])  # finds: tornado-side
    TornadoWrapper.listen(int(os.environ.get('PORT', 8000)))  # finds: tornado-side
    TornadoWrapper.loop()  # finds: tornado-side
