"""System checks of the settings."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.http.request import split_domain_port

from . import conf

_NUMBERS = (
    "MAX_MESSAGE_BYTES",
    "MAX_DEPTH",
    "MAX_CONTAINERS",
    "MAX_OUTBOX_BYTES",
    "OUTBOX_TIMEOUT",
    "AUTHORIZE_TIMEOUT",
    "MAX_BODY_BYTES",
)
_OPTIONAL_NUMBERS = ("MAX_MESSAGES_PER_SECOND", "MAX_CONNECTIONS", "MAX_CONNECTIONS_PER_ADDRESS", "REAUTH_INTERVAL")


def check_settings(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """``TORNADO_WEBSOCKETS`` is a dict of known keys with sensible values."""
    configured = getattr(settings, "TORNADO_WEBSOCKETS", None) or {}
    if not isinstance(configured, dict):
        return [
            Error(
                f"TORNADO_WEBSOCKETS is {configured!r}, not a dict.",
                hint="Its keys are: " + ", ".join(sorted(conf.DEFAULTS)) + ".",
                id="tornado_websockets.E001",
            )
        ]
    return [*_unknown_keys(configured), *_bad_numbers(configured), *_bad_origins(configured)]


def _unknown_keys(configured: dict[str, Any]) -> Sequence[CheckMessage]:
    return [
        Warning(
            f"TORNADO_WEBSOCKETS has the unknown key {key!r}, which does nothing.",
            hint="Its keys are: " + ", ".join(sorted(conf.DEFAULTS)) + ".",
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
        for key in (*_NUMBERS, *_OPTIONAL_NUMBERS)
        if key in configured and not _is_positive(configured[key])
        if configured[key] is not None or key in _NUMBERS
    ]


def _bad_origins(configured: dict[str, Any]) -> Sequence[CheckMessage]:
    origins = configured.get("ALLOWED_ORIGINS")
    if origins is None:
        return []
    hint = 'Write hosts as in ALLOWED_HOSTS, without scheme and port: ["chat.example.com", ".example.org"].'
    if not isinstance(origins, (list, tuple, set, frozenset)) or not all(isinstance(origin, str) for origin in origins):
        text = f"TORNADO_WEBSOCKETS['ALLOWED_ORIGINS'] is {origins!r}, not a list of hosts."
        return [Error(text, hint=hint, id="tornado_websockets.E003")]
    return [
        Warning(
            f"{origin!r} in TORNADO_WEBSOCKETS['ALLOWED_ORIGINS'] is not a host: no page will ever match it.",
            hint=hint,
            id="tornado_websockets.W003",
        )
        for origin in origins
        if "/" in origin or split_domain_port(origin)[1]
    ]


def check_bridge(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """A configured channel layer is put to use."""
    if getattr(settings, "CHANNEL_LAYERS", None) and not apps.is_installed("channels_bridge"):
        return [
            Warning(
                "CHANNEL_LAYERS is set, but nothing is sent to other processes without channels_bridge.",
                hint="Add 'channels_bridge' to INSTALLED_APPS.",
                id="tornado_websockets.W002",
            )
        ]
    return []


def _is_positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
