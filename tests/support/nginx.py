"""An nginx in front of a server, as most deployments have one."""

import textwrap
from pathlib import Path

from .process import Process, free_port

CONFIGURATION = """
    daemon off;
    worker_processes 1;
    pid {directory}/nginx.pid;
    error_log stderr warn;
    events {{ worker_connections 64; }}
    http {{
        access_log off;
        client_body_temp_path {directory}/body;
        proxy_temp_path {directory}/proxy;
        fastcgi_temp_path {directory}/fastcgi;
        uwsgi_temp_path {directory}/uwsgi;
        scgi_temp_path {directory}/scgi;
        map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
        server {{
            listen 127.0.0.1:{port};
            location /app/ {{
                proxy_pass {target};
                proxy_http_version 1.1;
                proxy_set_header Host $http_host;
                proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection $connection_upgrade;
            }}
        }}
    }}
"""


class Nginx(Process):
    """Passes on what is below ``/app/``.

    :param program: path of nginx.
    :param directory: for its files.
    :param target: ``http://127.0.0.1:8000`` keeps the prefix, ``http://127.0.0.1:8000/`` takes it off.
    """

    def __init__(self, program: str, directory: Path, target: str) -> None:
        self.port = free_port()
        configuration = directory / "nginx.conf"
        text = CONFIGURATION.format(directory=directory, port=self.port, target=target)
        configuration.write_text(textwrap.dedent(text))
        command = (program, "-p", str(directory), "-e", "stderr", "-c", str(configuration))
        super().__init__(command, directory / "nginx.log", {})
        self.wait_for_port(self.port)
