"""``python -m tornado_websockets.upgrading``: the command for projects whose ``manage.py`` does not start yet."""

import sys

from django.conf import settings

from tornado_websockets.management.commands.ws_upgrade import Command

if __name__ == "__main__":
    settings.configure()  # else Django looks for those of the project in the end, which need not be importable
    Command().run_from_argv(["python -m", "tornado_websockets.upgrading", *sys.argv[1:]])
