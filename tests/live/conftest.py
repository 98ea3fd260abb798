"""Staff with permissions, and others."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command

from tests.support.databases import database_in


@pytest.fixture(scope="session", autouse=True)
def a_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with database_in(tmp_path_factory.mktemp("live")):
        call_command("migrate", verbosity=0)
        yield


@pytest.fixture
def somebody(key: str) -> Callable[..., User]:
    """Makes a user with these permissions of the live page."""

    def make(*codenames: str, **options: Any) -> User:
        user = User.objects.create_user(f"{key}-{len(codenames)}-{'-'.join(options)}", **options)
        user.user_permissions.set(
            Permission.objects.filter(content_type__app_label="websocket_live", codename__in=codenames)
        )
        return User.objects.get(pk=user.pk)

    return make
