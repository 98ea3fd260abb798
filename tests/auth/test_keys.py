from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.utils.functional import SimpleLazyObject

from tornado_websockets.auth.keys import to_python, user_key


def test_is_the_primary_key_as_a_text():
    assert user_key(User(pk=5)) == "5"
    assert user_key(SimpleLazyObject(lambda: User(pk=5))) == "5"


def test_is_as_the_key_field_has_it():
    assert user_key(SimpleNamespace(pk="05", is_authenticated=True)) == "5"


def test_of_another_model_is_as_it_is_there():
    assert user_key(SimpleNamespace(pk="ada@example.com", is_authenticated=True)) == "ada@example.com"


@pytest.mark.parametrize("user", [None, AnonymousUser(), User(), SimpleNamespace(is_authenticated=True)])
def test_nobody_has_one(user):
    assert user_key(user) is None


def test_what_is_no_key_is_an_error():
    with pytest.raises(ValueError, match="Expected the primary key of a user, got 'ada'"):
        to_python("ada")
