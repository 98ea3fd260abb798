"""The files of ``deploy/``, as the tests can run them: with other ports and paths."""

from collections.abc import Sequence
from pathlib import Path

from .process import ROOT

DEPLOY = ROOT / "deploy"

#: Ports of the processes in the files.
PORTS = (8001, 8002, 8003)


def adapted(name: str, *others: tuple[str, str]) -> str:
    """The text of a file, with other values.

    :param others: what stands there, and what is put in its place. It must stand there.
    """
    text = (DEPLOY / name).read_text()
    for here, there in others:
        assert here in text, f"{name} has no {here!r}"
        text = text.replace(here, there)
    return text


def nginx_site(ports: Sequence[int], static: Path, *others: tuple[str, str]) -> str:
    """The site of nginx, for :class:`~tests.support.nginx.Nginx`.

    :param ports: of the three processes.
    :param static: directory of the static files.
    :param others: as for :func:`adapted`.
    """
    upstreams = [(f"127.0.0.1:{old} ", f"127.0.0.1:{new} ") for old, new in zip(PORTS, ports, strict=True)]
    return adapted(
        "nginx/site.conf", *upstreams, ("listen 80;", "listen PORT;"), ("/srv/project/static/", f"{static}/"), *others
    )
