"""The path of its host below which a site is served, and what is asked for below that."""

from django.conf import settings

from ..core.registry import PREFIX


def script_name() -> str:
    """``FORCE_SCRIPT_NAME``, without a slash at its end."""
    return (settings.FORCE_SCRIPT_NAME or "").rstrip("/")


def below(url_path: str, root: str = "") -> str:
    """What is asked for below the site, whether or not a proxy has taken its prefix off.

    :param url_path: as it was asked for.
    :param root: where the server has the application, by its own configuration. Some put it before every path, others
        expect that it is there: with a proxy that passes it on, it may be there twice.
    """
    root = root.rstrip("/")
    for prefix in (root, script_name() or root):
        if prefix and url_path.startswith(f"{prefix}/"):
            rest = url_path[len(prefix) :]
            if _is_for_us(rest) or not _is_for_us(url_path):  # a site may itself be served below our prefix
                url_path = rest
    return url_path


def _is_for_us(path: str) -> bool:
    return path.startswith(f"{PREFIX}/")
