"""`{% how_it_is_done "chat/websockets.py" "chat/static/chat/chat.js" %}`: the panel with the code and the frames."""

from typing import Any

from django import template
from django.conf import settings

from howto.excerpts import read_excerpt

register = template.Library()


@register.inclusion_tag("howto/panel.html")
def how_it_is_done(python: str, page: str) -> dict[str, Any]:
    sources = {"On the server": python, "On the page": page}
    excerpts = {title: (name, read_excerpt(settings.BASE_DIR / name)) for title, name in sources.items()}
    # What lists the frames is a script of the page.
    return {"excerpts": excerpts, "has_script": page.endswith(".js")}
