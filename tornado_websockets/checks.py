"""System checks of the settings."""

from collections.abc import Sequence
from difflib import get_close_matches
from math import inf
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from . import conf
from .auth.authentication import SESSION
from .core.draining import LONGEST_DRAIN
from .serving.origin import is_entry
from .serving.suggestions import did_you_mean

_RETENTION = ("HISTORY_SECONDS", "HISTORY_BYTES", "RETAIN_SECONDS")
_NUMBERS = (
    *conf.LIMITS.values(),
    "AUTHORIZE_TIMEOUT",
    "MAX_BODY_BYTES",
    "REAUTH_INTERVAL",
    *_RETENTION,
)

#: Those that may be None, for no limit.
_OPTIONAL = {"REAUTH_INTERVAL", *(key for key in conf.LIMITS.values() if conf.DEFAULTS[key] is None)}


def check_settings(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """``TORNADO_WEBSOCKETS`` is a dict of known keys with sensible values."""
    configured = getattr(settings, "TORNADO_WEBSOCKETS", None)
    if configured is None:
        return _misspelt_names()
    if not isinstance(configured, dict):
        return [
            Error(
                f"TORNADO_WEBSOCKETS is {configured!r}, not a dict.",
                hint="Its keys are: " + ", ".join(sorted(conf.DEFAULTS)) + ".",
                id="tornado_websockets.E001",
            )
        ]
    return [
        *_unknown_keys(configured),
        *_bad_numbers(configured),
        *_bad_numbers_from_0(configured),
        *_bad_types(configured),
        *_bad_origins(configured),
        *_bad_authenticators(),
    ]


def _misspelt_names() -> Sequence[CheckMessage]:
    """Dicts under almost the same name, while there is none under ours; else they may be what ours is made of."""
    close = get_close_matches("TORNADO_WEBSOCKETS", filter(str.isupper, dir(settings)), cutoff=0.9)
    return [
        Warning(
            f"The setting {name} does nothing: did you mean TORNADO_WEBSOCKETS?",
            hint=f"Write TORNADO_WEBSOCKETS for {name}.",
            id="tornado_websockets.W005",
        )
        for name in close
        if isinstance(getattr(settings, name, None), dict)
    ]


def _unknown_keys(configured: dict[str, Any]) -> Sequence[CheckMessage]:
    return [
        Warning(
            f"TORNADO_WEBSOCKETS has the unknown key {key!r}, which does nothing.",
            hint=f"{did_you_mean(str(key).upper(), conf.DEFAULTS)}Its keys are: {', '.join(sorted(conf.DEFAULTS))}.",
            id="tornado_websockets.W001",
        )
        for key in configured
        if key not in conf.DEFAULTS
    ]


def _bad_numbers(configured: dict[str, Any]) -> Sequence[CheckMessage]:
    return [
        Error(
            f"TORNADO_WEBSOCKETS[{key!r}] is {configured[key]!r}, not a positive number.",
            hint=f"Leave it out for the default, {conf.DEFAULTS[key]!r}.",
            id="tornado_websockets.E002",
        )
        for key in _NUMBERS
        if key in configured and not _is_positive(configured[key])
        if configured[key] is not None or key not in _OPTIONAL
    ]


def _bad_numbers_from_0(configured: dict[str, Any]) -> Sequence[CheckMessage]:
    """Those that may be 0, for none."""
    drain, above = configured.get("DRAIN_SECONDS"), configured.get("COMPRESS_ABOVE")
    found = []
    if above is not None and not (_is_number(above) and above >= 0):
        found.append(("COMPRESS_ABOVE", above, "a number of bytes from 0 on, or None"))
    if drain is not None and not (_is_number(drain) and 0 <= drain <= LONGEST_DRAIN):
        found.append(("DRAIN_SECONDS", drain, f"a number from 0 to {LONGEST_DRAIN:g}, or None"))
    for key in ("STOP_DELAY", "PRESENCE_GRACE"):
        value = configured.get(key, 0)
        if not (_is_number(value) and 0 <= value < inf):
            found.append((key, value, "a number from 0 on"))
    return [
        Error(
            f"TORNADO_WEBSOCKETS[{key!r}] is {value!r}, not {what}.",
            hint=f"Leave it out for the default, {conf.DEFAULTS[key]!r}.",
            id="tornado_websockets.E002",
        )
        for key, value, what in found
    ]


def _bad_origins(configured: dict[str, Any]) -> Sequence[CheckMessage]:
    origins = configured.get("ALLOWED_ORIGINS")
    if origins is None:
        return []
    hint = (
        'Write hosts as in ALLOWED_HOSTS, or whole origins: ["chat.example.com", ".example.org", "https://a.org:8443", '
        '"null", "*"].'
    )
    if not isinstance(origins, (list, tuple, set, frozenset)) or not all(isinstance(origin, str) for origin in origins):
        text = f"TORNADO_WEBSOCKETS['ALLOWED_ORIGINS'] is {origins!r}, not a list of hosts and origins."
        return [Error(text, hint=hint, id="tornado_websockets.E003")]
    return [
        Warning(
            f"{origin!r} in TORNADO_WEBSOCKETS['ALLOWED_ORIGINS'] is no host and no origin: no page matches it.",
            hint=hint,
            id="tornado_websockets.W003",
        )
        for origin in origins
        if not is_entry(origin)
    ]


def check_store(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """``STORE`` names a store that can be made. Nothing is connected to."""
    from .store.current import factory_of

    try:
        factory_of(conf.get("STORE"))
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint="Leave it out for this process's memory, or name a Redis, 'database', or a class of your own.",
                id="tornado_websockets.E005",
            )
        ]
    except Exception as error:  # whatever the module of a class raises
        text = f"What TORNADO_WEBSOCKETS['STORE'] names cannot be imported: {type(error).__name__}: {error}"
        return [Error(text, hint="Mend its module.", id="tornado_websockets.E005")]
    return []


#: Events that the browser client tells of itself: a page that listens to one hears both.
_OF_THE_CLIENT = frozenset(
    {"close", "dropped", "error", "gap", "message", "open", "presence", "reconnected", "reconnecting", "refused"}
)


def check_event_names(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """No event of a WebSocket is called as one of the browser client's own."""
    from .websocket import endpoint_of, registry

    found: list[CheckMessage] = []
    for websocket in registry:
        endpoint = endpoint_of(websocket)
        handled = {event for event, _ in endpoint.dispatcher.items() if not endpoint.dispatcher.is_reserved(event)}
        for event in sorted((handled | set(endpoint.sends or ())) & _OF_THE_CLIENT):
            text = f"{websocket.path} has an event {event!r}, which is also one of the browser client's own."
            hint = "Give it another name, unless no page listens to it with that client."
            found.append(Info(text, hint=hint, id="tornado_websockets.I001"))
    return found


def check_deployment(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """A page of any site cannot pass for one of ours, by a name that it has given to this machine."""
    if "*" not in settings.ALLOWED_HOSTS or conf.get("ALLOWED_ORIGINS") is not None:
        return []
    return [
        Warning(
            "ALLOWED_HOSTS lets every host in, so a page may connect from any name that is given to this machine.",
            hint="Name the hosts in ALLOWED_HOSTS, or the pages' in TORNADO_WEBSOCKETS['ALLOWED_ORIGINS'].",
            id="tornado_websockets.W004",
        )
    ]


def _bad_types(configured: dict[str, Any]) -> Sequence[CheckMessage]:
    return [
        Error(
            f"TORNADO_WEBSOCKETS[{key!r}] is {configured[key]!r}, not a {kind.__name__}.",
            hint=f"Leave it out for the default, {conf.DEFAULTS[key]!r}.",
            id="tornado_websockets.E004",
        )
        for key, kind in (("EMIT_ANYWHERE", bool), ("NAMESPACE", str))
        if not isinstance(configured.get(key, conf.DEFAULTS[key]), kind)
    ]


def _bad_authenticators() -> Sequence[CheckMessage]:
    """What ``AUTHENTICATE`` names is there, and no cookie counts for the pages of strangers."""
    authenticate = conf.get("AUTHENTICATE")
    if not isinstance(authenticate, (list, tuple)) or not all(isinstance(each, str) for each in authenticate):
        return [_is_no_authenticator(repr(authenticate), "is no list of 'session' and dotted paths")]
    found: list[CheckMessage] = [
        _is_no_authenticator(f"{path!r} in it", reason)
        for path in authenticate
        if path != SESSION and (reason := _why_not_callable(path)) is not None
    ]
    if SESSION in authenticate and _are_strangers_let_in():
        found.append(_takes_cookies_of_strangers("['AUTHENTICATE']", "AUTHENTICATE"))
    return found


def check_cookies(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """No cookie counts for the pages of strangers where a WebSocket's own ``authenticate`` says so."""
    from .websocket import endpoint_of, registry

    authenticate = conf.get("AUTHENTICATE")
    if not _are_strangers_let_in() or (isinstance(authenticate, (list, tuple)) and SESSION in authenticate):
        return []  # which is warned of already
    return [
        _takes_cookies_of_strangers(f"the authenticate of WebSocket({websocket.path!r})", "it")
        for websocket in registry
        if (endpoint := endpoint_of(websocket)).authentication.takes_cookies and not endpoint.is_hidden
    ]


def _are_strangers_let_in() -> bool:
    """Whether pages of any site may connect, with the cookie of a session."""
    origins = conf.get("ALLOWED_ORIGINS")
    is_open = isinstance(origins, (list, tuple, set, frozenset)) and "*" in origins
    return is_open and apps.is_installed("django.contrib.sessions")


def _takes_cookies_of_strangers(what: str, where: str) -> CheckMessage:
    return Warning(
        "A page of any site may connect, as the user whose cookie the browser sends along: "
        f"TORNADO_WEBSOCKETS['ALLOWED_ORIGINS'] has '*', and {what} has 'session'.",
        hint=f"Name the origins, or take 'session' out of {where} and let clients say by a token who they are.",
        id="tornado_websockets.W009",
    )


def check_authenticators(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """What a WebSocket's own ``authenticate`` names is there."""
    from .websocket import endpoint_of, registry

    return [
        Error(
            f"The authenticate of WebSocket({websocket.path!r}): {path!r} in it {reason}.",
            hint="Name a function that gets the socket, and returns a user or None.",
            id="tornado_websockets.E009",
        )
        for websocket in registry
        for path in endpoint_of(websocket).authentication.paths
        if (reason := _why_not_callable(path)) is not None
    ]


def _is_no_authenticator(what: str, reason: str) -> CheckMessage:
    return Error(
        f"TORNADO_WEBSOCKETS['AUTHENTICATE']: {what} {reason}.",
        hint='Write "AUTHENTICATE": ["session", "project.auth.by_token"], where by_token(socket) returns a user or '
        "None.",
        id="tornado_websockets.E009",
    )


def _why_not_callable(path: str) -> str | None:
    try:
        found = import_string(path)
    except Exception as error:  # whatever the module raises
        return f"cannot be imported ({type(error).__name__}: {error})"
    return None if callable(found) else f"is not callable but of the type {type(found).__name__}"


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
