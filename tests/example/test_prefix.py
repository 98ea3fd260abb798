"""The pages below a prefix, which a proxy strips or passes on."""

import re
import shutil
from pathlib import Path

import httpx
import pytest

from tests.example.chat_server import SERVERS, ChatServer

PREFIX = "/app"
PAGES = ["/", "/import/", "/counter/", "/assistant/"]


@pytest.mark.parametrize("kind", sorted(SERVERS))
async def test_scripts_and_styles_are_found_below_a_prefix(migrated_database: Path, tmp_path: Path, kind: str) -> None:
    database = Path(shutil.copy(migrated_database, tmp_path))
    server = ChatServer(database, kind, FORCE_SCRIPT_NAME=PREFIX)
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=server.url) as client:
            for page in PAGES:
                text = (await client.get(page)).text
                files = re.findall(r'(?:src|href)="([^"]+\.(?:js|mjs|css|svg))"', text)
                assert len(files) >= 4
                for file in files:
                    assert file.startswith(f"{PREFIX}/static/")
                    assert (await client.get(file.removeprefix(PREFIX))).status_code == 200
                    if kind != "runtornado":  # which does not know its own prefix yet
                        assert (await client.get(file)).status_code == 200
    finally:
        await server.stop()
