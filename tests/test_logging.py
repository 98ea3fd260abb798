"""What is logged although LOGGING disables every logger that it does not name."""

import json
import re
from pathlib import Path

import pytest

from tests.support.documents import ROOT, blocks
from tests.support.scripts import run_script
from tests.support.transports import SERVERS, Servers

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.project.settings_logging"}


@pytest.mark.parametrize("kind", [*SERVERS, "runserver"])
async def test_traceback_of_a_handler_is_logged(servers: Servers, kind: str, key: str) -> None:
    async with servers.get(kind, **SETTINGS).visit() as server:
        client = await server.connect(f"/failing/{key}")
        await client.emit("raises", {"error": "Exception"})
        await server.log.wait_for_error("The handler of 'raises' failed")


async def test_it_is_logged_on_tornado_after_the_first_page_too(servers: Servers, key: str) -> None:
    async with servers.get("tornado", **SETTINGS).visit() as server:
        client = await server.connect(f"/failing/{key}")
        await server.request("/publish-in-room/somewhere")  # Django sets itself up once more
        await client.emit("araises", {"error": "Exception"})
        await server.log.wait_for_error("The handler of 'araises' failed")


def log_after(configuration: str) -> str:
    """What is written of an error and of an information, to stdout."""
    script = """
    import logging, logging.config, sys
    from tornado_websockets.core.logger import logger
    from tornado_websockets.core import stopping

    console = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}
    root = {"handlers": ["console"], "level": "INFO"}
    for loggers in CONFIGURATION:
        logging.config.dictConfig({"version": 1, "handlers": {"console": console}, "root": root, "loggers": loggers})
    logger.error("an error")
    logger.info("an information")
    """
    return run_script(script.replace("CONFIGURATION", configuration))


def test_logger_that_was_passed_over_twice_logs() -> None:
    assert log_after("[{}, {}]") == "an error\nan information\n"


def test_logger_that_is_named_has_its_level() -> None:
    assert log_after("[{}, {'tornado_websockets': {'level': 'ERROR'}}]") == "an error\n"


def test_logger_that_is_named_may_be_silent() -> None:
    assert log_after("[{'tornado_websockets': {'level': 'CRITICAL'}}]") == ""


def test_the_configuration_of_the_documentation_writes_time_and_level_or_json(tmp_path: Path) -> None:
    found = [
        block for block in blocks((ROOT / "docs/production.md").read_text(), "python") if "logging" in block.lower()
    ]
    for name, block in zip(("project/logs.py", "configuration.py"), found, strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(block)
    script = """
    import logging.config
    from configuration import LOGGING
    from tornado_websockets.core.logger import logger

    for form in ("line", "json"):
        LOGGING["handlers"]["console"] |= {"stream": "ext://sys.stdout", "formatter": form}
        logging.config.dictConfig(LOGGING)
        logger.debug("nothing")
        logger.info("an information")
    try:
        raise LookupError("this")
    except LookupError:
        logger.exception("an error")
    """
    line, *objects = run_script(script, directory=tmp_path).splitlines()
    assert re.fullmatch(r"[-\d]{10} [:\d]{8},\d{3} INFO tornado_websockets an information", line)
    information, error = map(json.loads, objects)
    assert (information["level"], information["message"]) == ("INFO", "an information")
    assert error["traceback"].endswith("LookupError: this")


def test_line_of_a_record_is_where_it_was_logged() -> None:
    script = """
    import logging, sys
    from tornado_websockets.core.logger import logger
    logging.basicConfig(stream=sys.stdout, format="%(name)s %(lineno)d %(funcName)s")
    def say():
        logger.error("x")
    say()
    """
    assert run_script(script) == "tornado_websockets 6 say\n"
