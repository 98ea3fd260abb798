"""An nginx in front of servers, as most deployments have one."""

import os
import textwrap
from pathlib import Path

from .process import Process, free_port

#: As root, nginx would serve files as somebody who may not read them.
USER = "user root;" if os.geteuid() == 0 else ""

MAIN = """
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    {site}
}}
"""

BELOW_PREFIX = """
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    server {
        listen PORT;
        location /app/ {
            proxy_pass TARGET;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
        }
    }
"""


def below_prefix(target: str) -> str:
    """A site that passes on what is below ``/app/``.

    :param target: ``http://127.0.0.1:8000`` keeps the prefix, ``http://127.0.0.1:8000/`` takes it off.
    """
    return BELOW_PREFIX.replace("TARGET", target)


class Nginx(Process):
    """Serves one site.

    :param program: path of nginx.
    :param directory: for its files.
    :param site: what belongs within ``http``; it listens on ``PORT``.
    """

    def __init__(self, program: str, directory: Path, site: str) -> None:
        self.port = free_port()
        configuration = directory / "nginx.conf"
        text = site.replace("PORT", f"127.0.0.1:{self.port}")
        configuration.write_text(MAIN.format(user=USER, directory=directory, site=textwrap.dedent(text)))
        command = (program, "-p", str(directory), "-e", "stderr", "-c", str(configuration))
        super().__init__(command, directory / "nginx.log", {})
        self.wait_for_port(self.port)
