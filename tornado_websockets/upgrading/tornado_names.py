"""Tornado's names: those that are gone, and those that ``socket`` has on Tornado only."""

#: What Tornado 6 does not have, and what to say instead.
GONE = {
    "tornado.gen.engine": "@gen.coroutine, or an async def",
    "tornado.gen.Task": "await the coroutine itself",
    "tornado.gen.Callback": "an asyncio.Future",
    "tornado.gen.Wait": "await the future",
    "tornado.gen.WaitAll": "await asyncio.gather(...)",
    "tornado.gen.YieldPoint": "an awaitable",
    "tornado.web.asynchronous": "an async def, which finishes the request when it returns",
    "tornado.concurrent.return_future": "an async def",
    "tornado.concurrent.TracebackFuture": "asyncio.Future",
    "tornado.stack_context": "contextvars",
    "tornado.stack_context.StackContext": "contextvars",
    "tornado.stack_context.NullContext": "contextvars",
    "tornado.stack_context.wrap": "contextvars",
}

_QUERY = 'socket.query.get("name")'
_COOKIE = 'django.http.parse_cookie(socket.headers.get("cookie", "")), or socket.session'
_USER = "socket.user"
_EMIT = "socket.emit(event, data)"
_NONE = "nothing: the server does it, or it means nothing on a WebSocket"

#: What ``socket`` has on Tornado only, and what to say instead.
ON_TORNADO_ONLY = {
    "application": "import what you need",
    "check_origin": "TORNADO_WEBSOCKETS['ALLOWED_ORIGINS']",
    "clear_all_cookies": _NONE,
    "clear_cookie": _NONE,
    "cookies": _COOKIE,
    "create_template_loader": "django.template.loader",
    "current_user": _USER,
    "finish": "socket.close()",
    "get_argument": _QUERY,
    "get_arguments": 'socket.query.getlist("name")',
    "get_body_argument": "a handshake has no body",
    "get_body_arguments": "a handshake has no body",
    "get_cookie": _COOKIE,
    "get_current_user": _USER,
    "get_query_argument": _QUERY,
    "get_query_arguments": 'socket.query.getlist("name")',
    "get_secure_cookie": "django.core.signing, or socket.session",
    "get_signed_cookie": "django.core.signing, or socket.session",
    "get_status": _NONE,
    "get_user_locale": "django.utils.translation",
    "locale": "django.utils.translation",
    "path_args": "socket.kwargs",
    "path_kwargs": "socket.kwargs",
    "ping": _NONE,
    "redirect": _NONE,
    "render": "django.template.loader.render_to_string, and emit it",
    "render_string": "django.template.loader.render_to_string",
    "request": "socket.headers, socket.query_string, socket.address, socket.path",
    "require_setting": "django.conf.settings",
    "reverse_url": "django.urls.reverse",
    "send_error": _NONE,
    "set_cookie": _NONE,
    "set_default_headers": _NONE,
    "set_header": _NONE,
    "set_nodelay": _NONE,
    "set_secure_cookie": _NONE,
    "set_status": _NONE,
    "settings": "django.conf.settings",
    "static_url": "django.templatetags.static.static",
    "stream": _NONE,
    "write": _EMIT,
    "write_message": _EMIT,
    "ws_connection": "socket.closed tells whether it is open",
    "xsrf_token": _NONE,
}


def instead_of(member: str) -> str:
    """What to say instead of a member of ``socket``."""
    return f"say {ON_TORNADO_ONLY[member]}" if ON_TORNADO_ONLY[member] != _NONE else _NONE
