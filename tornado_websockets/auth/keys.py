"""What users are known by: their primary keys, as texts that are the same in every process."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError


def user_key(user: Any) -> str | None:
    """The key of somebody who has connected; ``None`` where it is nobody, or has none. Never queries."""
    key = getattr(user, "pk", None)
    if key is None or not getattr(user, "is_authenticated", True):
        return None
    try:
        return str(to_python(key))
    except ValueError:  # somebody of another model than the project's users, whom a token has named perhaps
        return str(key)


def to_python(key: object) -> Any:
    """``key`` as the key field of the project's users has it.

    :raises ValueError: it cannot be one.
    """
    from django.contrib.auth import get_user_model  # with half of Django, which is not there yet when we are imported

    try:
        field = get_user_model()._meta.pk  # noqa: SLF001 documented by Django
    except ImproperlyConfigured:  # there are no users of Django's
        return key
    try:
        return field.to_python(key)
    except ValidationError as error:
        raise ValueError(f"Expected the primary key of a user, got {key!r:.100}: {' '.join(error.messages)}") from error
