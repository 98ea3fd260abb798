"""The shopping list's WebSocket: its page has no script of its own."""

from typing import Annotated, Any

from shopping.forms import ItemForm, ItemIdForm
from shopping.models import Item
from tornado_websockets.websocket import WebSocket

# region shown
shopping = WebSocket("/shopping", history=100, sends={})  # nothing but HTML


@shopping.on
def add(data: Annotated[dict[str, Any], ItemForm]) -> None:
    item = Item.objects.create(**data)
    shopping.emit_html("#items", "shopping/item.html", {"item": item})


# endregion


@shopping.on
def tick(data: Annotated[dict[str, Any], ItemIdForm]) -> None:
    """Say that it is bought; whoever has the page open sees it in its place."""
    item = data["item"]
    item.is_bought = not item.is_bought
    item.save(update_fields=["is_bought"])
    shopping.emit_html("#items", "shopping/item.html", {"item": item})


@shopping.on
def drop(data: Annotated[dict[str, Any], ItemIdForm]) -> None:
    """Take it off the list."""
    selector = f"#item-{data['item'].pk}"
    data["item"].delete()
    shopping.emit_html(selector, None, swap="delete")
