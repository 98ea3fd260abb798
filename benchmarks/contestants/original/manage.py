"""The package that this one follows, django-tornado-websockets 0.2.2, from PyPI."""

import inspect
import os
import sys

# Gone from Python 3.11 on, and all that the package lacks there.
inspect.getargspec = inspect.getfullargspec  # type: ignore[attr-defined]

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    execute_from_command_line(sys.argv)
