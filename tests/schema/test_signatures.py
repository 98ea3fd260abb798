"""Which annotations count, and which are refused where a handler is registered."""

from __future__ import annotations

import typing
from collections.abc import Awaitable, Coroutine, Generator, Mapping, MutableMapping  # noqa: F401 some in texts
from dataclasses import dataclass
from typing import Annotated, Any, NewType

import pytest
from django.contrib.auth.models import User
from django.forms import Form
from pydantic import BaseModel
from typing_extensions import TypeAliasType

from tests.support.scripts import run_script
from tornado_websockets.core.handlers.guarding import Types
from tornado_websockets.schema import registry
from tornado_websockets.schema.signatures import is_unchecked, read_types, reply_type, says_nothing
from tornado_websockets.websocket import WebSocket


@dataclass
class Said:
    text: str


class Model(BaseModel):
    text: str


@pytest.mark.parametrize(
    "annotation",
    [
        dict, Mapping, MutableMapping, dict[str, Any], Mapping[str, Any], Any, object, dict[str, object],
        typing.Mapping, dict | None, dict[str, Any] | None, None,
    ],
    ids=repr,
)  # fmt: skip
def test_leaves_some_annotations_unchecked(annotation):
    def say(data): ...

    say.__annotations__["data"] = annotation
    assert read_types(say) == Types()


@pytest.mark.parametrize("annotation", [dict[str, int], Mapping[int, Any], list, Said, Model, Annotated[dict, 1]])
def test_checks_all_others(annotation):
    assert not is_unchecked(annotation)


def test_no_annotation_is_unchecked():
    assert read_types(lambda data: data) == Types()


def test_names_in_text_are_looked_up():
    def say(data: Said): ...

    assert read_types(say).data.validate({"text": "hi"}) == Said("hi")


def test_other_annotations_never_matter():
    def say(socket: NoSuchName, data: Said, other: Nothing = 1) -> Nobody: ...  # noqa: F821

    assert read_types(say).reply is None
    assert read_types(say).data is not None


def test_annotation_that_cannot_be_resolved_is_refused():
    ws = WebSocket("/unresolved", add_to_handlers=False)
    with pytest.raises(TypeError, match=r"'NoSuchName' of data in .* cannot be resolved: name 'NoSuchName' is not def"):

        @ws.on
        def say(data: NoSuchName): ...  # noqa: F821

    assert dict(ws.events) == {}


def test_type_that_pydantic_does_not_know_is_refused():
    class Strange:
        pass

    def say(data): ...

    say.__annotations__["data"] = Strange
    with pytest.raises(TypeError, match=r"The annotation of data in .* cannot be used: pydantic cannot use"):
        read_types(say)


def test_a_model_is_refused_with_what_there_is_instead():
    def say(data): ...

    say.__annotations__["data"] = User
    with pytest.raises(TypeError, match="is a model: take a form"):
        read_types(say)


def test_a_form_that_cannot_be_made_is_refused_for_data_and_not_for_a_reply():
    class SayForm(Form):
        def __init__(self, *args, user, **kwargs):
            super().__init__(*args, **kwargs)

    def say(data: Annotated[dict[str, Any], SayForm]): ...

    def tell() -> SayForm: ...  # type: ignore[empty-body]

    for function in (say, tell):
        function.__globals__["SayForm"] = SayForm
    with pytest.raises(TypeError, match=r"The annotation of data in .* cannot be used: SayForm .* needs 'user'"):
        read_types(say)
    assert reply_type(tell) is not None


def test_an_instance_of_a_form_is_refused_with_what_to_write():
    def say(data): ...

    say.__annotations__["data"] = Form()
    with pytest.raises(TypeError, match="write Form without brackets"):
        read_types(say)


@pytest.mark.parametrize("annotation", [int, str, list[int], bool, tuple[int, str], int | None])
def test_a_type_that_no_object_fits_is_refused(annotation):
    def say(data): ...

    say.__annotations__["data"] = annotation
    with pytest.raises(TypeError, match="take one that has it as a field"):
        read_types(say)


@pytest.mark.skipif("sys.version_info >= (3, 12)")
def test_typeddict_of_typing_is_refused_with_what_to_do():
    def say(data): ...

    say.__annotations__["data"] = typing.TypedDict("Old", {"text": str})
    with pytest.raises(TypeError, match=r"Please use `typing_extensions.TypedDict` instead of `typing.TypedDict`"):
        read_types(say)


def test_methods_and_partials_are_read_too():
    class Chat:
        def say(self, data: Said): ...

        def __call__(self, data: Said): ...

    from functools import partial

    for callback in (Chat().say, Chat(), partial(Chat().say)):
        assert read_types(callback).data is not None


def test_decorated_function_says_what_it_wraps_where_it_hands_on():
    from functools import wraps

    def say(data: Said) -> Said: ...

    @wraps(say)
    def wrapper(*args, **kwargs): ...

    assert read_types(wrapper).data is not None
    assert read_types(wrapper).reply is not None


@pytest.mark.parametrize(
    "returned",
    ["Said", "list[Said]", "Said | None", "dict[str, Said]", "Awaitable[Said]", "Coroutine[Any, Any, Said]",
     "Generator[Any, Any, Said]", "Model"],
)  # fmt: skip
def test_reply_with_something_json_does_not_know_is_dumped(returned):
    def say(): ...

    say.__annotations__["return"] = returned
    assert read_types(say).reply is not None
    assert reply_type(say) is not None


@pytest.mark.parametrize(
    "returned", ["int", "list[int]", "dict[str, Any]", "dict[str, int]", "None", "Any", "int | None"]
)
def test_reply_of_json_is_left_as_it_is(returned):
    def say(): ...

    say.__annotations__["return"] = returned
    assert read_types(say).reply is None


def test_reply_of_json_is_described_all_the_same():
    def say() -> list[int]: ...

    def nothing() -> None: ...

    assert reply_type(say).schema(is_sent=True) == {"type": "array", "items": {"type": "integer"}}
    assert says_nothing(nothing)
    assert not says_nothing(say)


def without(module: str, body: str) -> str:
    """What a program prints that cannot import ``module``."""
    return run_script(f"import sys\nsys.modules[{module!r}] = None\n" + body)


REGISTER = """
from importlib.machinery import PathFinder
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "pydantic" else find(name, *rest)
from dataclasses import dataclass
from tornado_websockets.schema.signatures import read_types

@dataclass
class Said:
    text: str
"""


def test_type_without_pydantic_is_refused_and_names_the_extra():
    body = """
def say(data: Said): ...
try:
    read_types(say)
except TypeError as error:
    print(error)
"""
    assert "pip install 'django-tornado-websockets-channels[types]'" in without("pydantic", REGISTER + body)


def test_without_pydantic_no_other_annotation_matters():
    body = """
def say(data: "NoSuchName") -> Said: ...
print(*read_types(say))
"""
    assert without("pydantic", REGISTER + body) == "None None\n"


def test_who_uses_no_types_imports_no_library():
    body = """
import sys
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["tornado_websockets"])
django.setup()
from typing import Any
from tornado_websockets.websocket import WebSocket

ws = WebSocket("/chat", sends={"said": None, "more": dict})

@ws.on
def say(data: dict[str, Any], other: int = 1) -> list[int]: ...

print(sorted({"pydantic", "msgspec", "rest_framework"} & set(sys.modules)))
"""
    assert run_script(body) == "[]\n"


class Alias:
    """As ``type Data = Missing`` makes one, whose value is evaluated when somebody wants it."""

    @property
    def __value__(self):
        raise NameError("name 'Missing' is not defined")

    def __call__(self): ...


Data = TypeAliasType("Data", dict[str, Any])
Again = TypeAliasType("Again", Data)
New = NewType("New", Again)


@pytest.mark.parametrize("annotation", [Data, Again, New])
def test_another_name_of_what_is_unchecked_is_unchecked_unless_it_is_registered(annotation, monkeypatch):
    assert is_unchecked(annotation)
    assert is_unchecked(annotation | None)
    monkeypatch.setattr(registry, "_makers", [lambda name: object() if name is annotation else None])
    assert not is_unchecked(annotation)


def test_an_alias_of_what_is_nowhere_is_told():
    def say(data: Alias()): ...

    with pytest.raises(TypeError, match="cannot be resolved: name 'Missing' is not defined"):
        read_types(say)
