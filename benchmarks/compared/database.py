"""The database of a site: made once, copied for every stage."""

import subprocess
import tempfile
from functools import cache
from pathlib import Path

from ..environments import own
from ..processes import quiet_environment

_SCRIPT = """
import django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
call_command("migrate", verbosity=0)
get_user_model().objects.create_user("alice")
"""


def make(directory: Path) -> str:
    """The name of a database in that directory, with the tables of Django and a user named ``alice``."""
    path = directory / "database"
    path.write_bytes(_content())
    return str(path)


@cache
def _content() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "database"
        variables = {
            "DJANGO_SETTINGS_MODULE": "benchmarks.compared.projects.site.settings",
            "COMPARED_DATABASE": str(path),
        }
        subprocess.run([own(), "-c", _SCRIPT], env=quiet_environment(variables), check=True)  # noqa: S603 our own
        return path.read_bytes()
