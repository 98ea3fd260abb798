"""What is asked for below the path at which a site is served."""

import pytest
from django.test import override_settings

from tornado_websockets.serving.prefix import below


@pytest.mark.parametrize(
    ("script_name", "root", "asked", "expected"),
    [
        (None, "", "/ws/chat", "/ws/chat"),
        ("/app/", "", "/app/ws/chat", "/ws/chat"),
        ("/app", "", "/ws/chat", "/ws/chat"),
        ("/app", "", "/application/ws/chat", "/application/ws/chat"),
        (None, "/app", "/app/ws/chat", "/ws/chat"),
        (None, "/app", "/app/app/ws/chat", "/ws/chat"),
        ("/inner", "/outer/", "/outer/inner/ws/chat", "/ws/chat"),
        ("/app", "", "/app/page", "/page"),
        ("/ws", "", "/ws/chat", "/ws/chat"),
        ("/ws", "", "/ws/ws/chat", "/ws/chat"),
        (None, "/ws", "/ws/chat", "/ws/chat"),
        (None, "/ws", "/ws/ws/chat", "/ws/chat"),
        (None, "/ws", "/ws/ws/ws/chat", "/ws/chat"),
        ("/ws/app", "", "/ws/app/ws/chat", "/ws/chat"),
    ],
)
def test_what_is_below_is_found_whoever_takes_the_prefix_off(script_name, root, asked, expected):
    with override_settings(FORCE_SCRIPT_NAME=script_name):
        assert below(asked, root) == expected
