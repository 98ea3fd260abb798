import re
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import SynchronousOnlyOperation
from django.db import models
from django.db.models.functions import Now
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject
from rest_framework.request import Request

from tests.support.memory import MemoryClient
from tornado_websockets.auth.keys import user_key
from tornado_websockets.core.delivery.audience import Audience
from tornado_websockets.people.addressing import NOT_GIVEN, read_audience
from tornado_websockets.websocket import WebSocket, endpoint_of


class Numbered(AbstractBaseUser):
    """Somebody with a key before it is saved. There is no table."""

    id = models.UUIDField(primary_key=True, default=uuid4)

    class Meta:
        app_label = "project"

    def __repr__(self):
        return "Numbered()"


def shown(value):
    """The name of a case, the same in every process."""
    return re.sub(r" object at \w+", "", repr(value))


def read(user=NOT_GIVEN, connection=NOT_GIVEN, exclude=NOT_GIVEN):
    return read_audience(user, connection, exclude)


def request_of(user=None, **headers):
    request = RequestFactory().get("/", headers=headers)
    if user is not None:
        request.user = user
    return request


@pytest.fixture
async def socket():
    return MemoryClient(endpoint_of(WebSocket("/people", add_to_handlers=False))).socket


class TestUsers:
    @pytest.mark.parametrize(
        "user",
        [User(pk=5), SimpleLazyObject(lambda: User(pk=5)), 5, "5", "05", [5], (User(pk=5), "5"), {5}, range(5, 6)],
        ids=shown,
    )
    def test_are_users_and_primary_keys_one_or_several(self, user):
        assert read(user=user).users == {"5"}

    def test_may_be_none_which_is_nobody(self):
        assert read(user=[]).users == frozenset()

    @pytest.mark.parametrize(
        "user",
        [None, True, AnonymousUser(), User(), 5.0, b"5", {"5": 5}, ..., Group(pk=5), [None], [5, AnonymousUser()]],
        ids=shown,
    )
    def test_are_nothing_else(self, user):
        with pytest.raises(TypeError, match="Expected a user"):
            read(user=user)

    @pytest.mark.parametrize("user", [Numbered(), [5, Numbered()], SimpleLazyObject(Numbered)], ids=shown)
    def test_are_saved_also_where_they_have_a_key_before(self, user):
        with pytest.raises(TypeError, match="Expected a user who is logged in and saved"):
            read(user=user)
        with pytest.raises(TypeError, match="Expected a user who is logged in and saved"):
            WebSocket("/people", add_to_handlers=False).recheck(user=user)

    def test_with_a_key_of_their_models_making_are_known_by_it_when_saved(self):
        user = Numbered()
        user._state.adding = False
        assert read(user=user).users == {user_key(user)}

    def test_whose_key_the_database_will_make_up_are_not_saved(self):
        class Dated(models.Model):
            is_authenticated = True
            at = models.DateTimeField(primary_key=True, db_default=Now())

            class Meta:
                app_label = "project"

            def __str__(self):
                return "dated"

        with pytest.raises(TypeError, match="Expected a user who is logged in and saved"):
            read(user=Dated())

    @pytest.mark.parametrize("user", ["ada", "", ["5", "ada"]], ids=shown)
    def test_have_keys_that_the_key_field_takes(self, user):
        with pytest.raises(ValueError, match="Expected the primary key of a user"):
            read(user=user)

    def test_of_another_model_go_by_their_own_keys(self):
        user = SimpleNamespace(pk="ada@example.com", is_authenticated=True)
        assert read(user=user).users == {"ada@example.com"}


class TestConnections:
    async def test_are_sockets_and_ids_one_or_several(self, socket):
        assert read(connection=socket).connections == {socket.id}
        assert read(connection="abc").connections == {"abc"}
        assert read(connection=[socket, "abc"]).connections == {socket.id, "abc"}
        assert read(connection=[]).connections == frozenset()

    @pytest.mark.parametrize("connection", [None, True, 5, b"abc", [None], User(pk=5), request_of()], ids=shown)
    def test_are_nothing_else(self, connection):
        with pytest.raises(TypeError, match="Expected a socket, its id, or several as connection"):
            read(connection=connection)

    @pytest.mark.parametrize("connection", ["", "a" * 1_025], ids=["empty", "long"])
    def test_have_ids_of_a_length(self, connection):
        with pytest.raises(ValueError, match="Expected 1 to 1024 characters as connection"):
            read(connection=connection)


class TestExcluding:
    async def test_takes_what_is_a_connection(self, socket):
        assert read(exclude=[socket, "abc"]).exclude == {socket.id, "abc"}

    async def test_of_sockets_alone_is_nothing_that_others_must_know(self, socket):
        assert not read(exclude=socket).concerns_others
        assert read(exclude=socket.id).concerns_others
        assert read(exclude=[socket, request_of()]).concerns_others
        assert read(exclude=socket, user=5).concerns_others

    @pytest.mark.parametrize("exclude", [None, 5, [None]], ids=shown)
    def test_takes_nothing_else(self, exclude):
        with pytest.raises(TypeError, match="Expected a socket, its id, a request, or several as exclude"):
            read(exclude=exclude)

    def test_takes_a_request_whose_header_names_a_tab_of_its_user(self):
        request = request_of(User(pk=5), **{"X-WebSocket-ID": "abc"})
        assert read(exclude=request) == Audience(exclude_tabs=frozenset({("abc", "5")}))
        assert read(exclude=Request(request)).exclude_tabs == {("abc", None)}  # whom the framework knows, counts

    def test_takes_a_request_of_nobody(self):
        for user in (None, AnonymousUser()):
            assert read(exclude=request_of(user, **{"X-WebSocket-ID": "abc"})).exclude_tabs == {("abc", None)}

    @pytest.mark.parametrize("id_", ["", "a" * 1_025], ids=["empty", "long"])
    def test_spares_nobody_where_a_request_names_no_tab(self, id_):
        assert read(exclude=request_of(User(pk=5))) == Audience()
        assert read(exclude=request_of(User(pk=5), **{"X-WebSocket-ID": id_})) == Audience()

    async def test_knows_the_user_of_an_async_view_that_has_asked_for_it(self):
        request = request_of(SimpleLazyObject(query), **{"X-WebSocket-ID": "abc"})
        request.session = {SESSION_KEY: "5"}
        assert read(exclude=request).exclude_tabs == {("abc", "5")}

    async def test_says_so_where_an_async_view_has_not(self):
        request = request_of(SimpleLazyObject(query), **{"X-WebSocket-ID": "abc"})
        request.session = SimpleLazyObject(query)
        with pytest.raises(SynchronousOnlyOperation, match=r"await request\.auser"):
            read(exclude=request)


def query():
    raise SynchronousOnlyOperation("as the ORM does")


def test_something_must_be_given():
    with pytest.raises(TypeError, match="Expected user, connection or exclude"):
        read()
