"""A WebSocket that is described."""

from collections.abc import Callable
from typing import Any

import pytest

from tornado_websockets.schema.documents.description import Definitions, Description, describe
from tornado_websockets.websocket import WebSocket, endpoint_of


@pytest.fixture
def described() -> Callable[..., tuple[Description, Definitions]]:
    """The description of a WebSocket with a handler for each of some types of data, and its definitions."""

    def described(*data: Any) -> tuple[Description, Definitions]:
        ws = WebSocket("/item", add_to_handlers=False)
        for number, annotation in enumerate(data):

            def handler(data: Any) -> None: ...

            handler.__annotations__["data"] = annotation
            ws.on_event(f"take {number}")(handler)
        descriptions, definitions = describe([endpoint_of(ws)])
        return descriptions[0], definitions

    return described
