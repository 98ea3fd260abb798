"""The views of the live page: what may not be seen is answered as what is not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template import Context, Engine
from django.urls import Resolver404, get_script_prefix
from django.views.decorators.cache import never_cache
from django.views.decorators.common import no_append_slash
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from . import trying
from .looking import PATH
from .permissions import may_look, may_try

_FOLDER: Final = Path(__file__).parent / "assets"
_STATIC: Final = Path(__file__).parents[1] / "static" / "tornado_websockets"

_SCRIPT: Final = "text/javascript; charset=utf-8"

#: What the page loads, all of it from here: no storage of static files need know it, and no other host.
_ASSETS: Final = {
    "icon.svg": (_FOLDER / "icon.svg", "image/svg+xml"),
    "live.css": (_FOLDER / "live.css", "text/css; charset=utf-8"),
    "page.mjs": (_FOLDER / "page.mjs", _SCRIPT),
    "elements.mjs": (_FOLDER / "elements.mjs", _SCRIPT),
    "looking.mjs": (_FOLDER / "looking.mjs", _SCRIPT),
    "plots.mjs": (_FOLDER / "plots.mjs", _SCRIPT),
    "trying.mjs": (_FOLDER / "trying.mjs", _SCRIPT),
    "form.mjs": (_FOLDER / "form.mjs", _SCRIPT),
    "tornadowebsocket.mjs": (_STATIC / "tornadowebsocket.min.mjs", _SCRIPT),
}

#: Nothing is loaded from elsewhere, nothing inline is run, no other page shows this one in a frame.
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

View = Callable[..., HttpResponse]


def _for_staff(view: View) -> View:
    """Let those in who may try things out; to others, say what the URL resolver says of a path that is not there."""
    safe = require_safe(view)

    # Neither a redirect to a slash or a login, nor the missing token of a form, shall tell that there is something.
    @never_cache
    @no_append_slash
    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, **parameters: Any) -> HttpResponse:
        if not _may_try_unnoticed(request):
            raise Resolver404({"path": request.path_info.lstrip("/")})
        response = safe(request, **parameters)
        for name, value in _HEADERS.items():
            response[name] = value
        return response

    guarded.login_required = False  # type: ignore[attr-defined]  # for LoginRequiredMiddleware
    return guarded


def _may_try_unnoticed(request: HttpRequest) -> bool:
    """Whether they may, asked so that a refusal does not ``Vary`` by the cookie, as no unknown path does."""
    session: Any = getattr(request, "session", None)
    was_accessed = getattr(session, "accessed", False)
    is_allowed = may_try(request)
    if session is not None and not is_allowed:
        session.accessed = was_accessed
    return is_allowed


@_for_staff
def page(request: HttpRequest) -> HttpResponse:
    """The page: both tabs for those who may look, else only the second."""
    prefix = get_script_prefix().rstrip("/") or (settings.FORCE_SCRIPT_NAME or "").rstrip("/")
    context = {"may_look": may_look(getattr(request, "user", None)), "path": PATH, "prefix": prefix}
    return HttpResponse(_engine().get_template("page.html").render(Context(context)))


@_for_staff
def described(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 it is the same for all
    """All that can be tried out, as JSON."""
    return HttpResponse(json.dumps(trying.describe_all()), content_type="application/json")


@_for_staff
def asset(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001 it is the same for all
    """A script or the style sheet of the page."""
    if name not in _ASSETS:
        raise Http404
    path, content_type = _ASSETS[name]
    return HttpResponse(path.read_bytes(), content_type=content_type)


@cache
def _engine() -> Engine:
    """Our own: a project need not have one that looks for templates here."""
    return Engine(dirs=[str(_FOLDER)])
