"""``python -m tornado_websockets.upgrading``: the command for projects whose ``manage.py`` does not start yet."""

import sys

from tornado_websockets.management.commands.ws_upgrade import Command

if __name__ == "__main__":
    Command().run_from_argv(["python -m", "tornado_websockets.upgrading", *sys.argv[1:]])
