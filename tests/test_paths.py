import re
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import register_converter
from hypothesis import given
from hypothesis import strategies as st

from tornado_websockets.core.registry import MAX_PATH
from tornado_websockets.paths import PathPattern
from tornado_websockets.websocket import WebSocket

NUMERALS = {"I": 1, "V": 5, "X": 10}


class Roman:
    """A converter of one's own, which has no word for zero."""

    regex = "[IVX]+"

    def to_python(self, value):
        if value not in NUMERALS:
            raise ValueError(value)
        return NUMERALS[value]

    def to_url(self, value):
        for text, number in NUMERALS.items():
            if number == value:
                return text
        raise ValueError(f"there is no {value!r}")


register_converter(Roman, "roman")


class TestText:
    @pytest.mark.parametrize("given", ["/chat", "chat", "//chat", "  /chat ", "\tchat\n"], ids=repr)
    def test_has_one_leading_slash(self, given):
        assert PathPattern(given).text == "/chat"

    @pytest.mark.parametrize("given", ["/", "/a/", "/a//b", "/é", "/a b", "/a.b(c)*"])
    def test_is_kept_otherwise(self, given):
        assert PathPattern(given).text == given

    @pytest.mark.parametrize("given", [None, 1, b"/chat", ["/chat"]])
    def test_is_a_string(self, given):
        with pytest.raises(TypeError, match="path"):
            PathPattern(given)

    @pytest.mark.parametrize("given", ["", " ", "\n\t"], ids=repr)
    def test_may_be_that_of_the_root(self, given):
        assert PathPattern(given).text == "/"

    @pytest.mark.parametrize("given", ["/a?b", "/a#b", "/a<b", "/a>b", "/<slug:room", "/a/<int:n>>"])
    def test_has_no_signs_that_stand_for_nothing(self, given):
        with pytest.raises(ValueError, match="stands for nothing"):
            PathPattern(given)

    def test_that_begins_as_all_do_is_warned_of_where_it_is_written(self):
        with pytest.warns(UserWarning, match="is served at '/ws/ws/chat'") as caught:
            WebSocket("/ws/chat", add_to_handlers=False)
        assert caught[0].filename == __file__

    @pytest.mark.parametrize(
        ("given", "sign"),
        [("/r/{room}", "{room}"), ("/r/{room:int}/end", "{room:int}"), ("/r/:room", ":room"), ("/[room]/x", "[room]")],
    )
    def test_that_has_parameters_of_other_frameworks_is_warned_of_and_stays_what_it_is(self, given, sign):
        with pytest.warns(UserWarning, match=f"takes '{re.escape(sign)}' literally: .* '<slug:room>'") as caught:
            (ws,) = [WebSocket(each, add_to_handlers=False) for each in (given,)]
        assert [warning.filename for warning in caught] == [__file__]
        assert ws.path == given

    @pytest.mark.parametrize("given", ["/a:b", "/a{2}", "/{}", "/[0-9]+", "/:8000", "/r/:room.json", "/{a}{b}"])
    def test_may_have_the_same_signs_otherwise(self, given):
        assert PathPattern(given).text == given

    @pytest.mark.parametrize("given", ["ws://localhost/ws/chat", " WSS://h/chat", "http://h:8000/ws/x", "https://h/"])
    def test_is_no_address(self, given):
        with pytest.raises(ValueError, match="Expected a path such as '/chat', got the address"):
            WebSocket(given, add_to_handlers=False)

    @pytest.mark.parametrize("given", ["/http://h/x", "//h/chat", "http:/x", "ftp://x"])
    def test_may_look_like_one(self, given):
        assert PathPattern(given).text == f"/{given.lstrip('/')}"

    def test_has_a_greatest_length(self):
        assert PathPattern("/".ljust(MAX_PATH, "a"))
        with pytest.raises(ValueError, match=f"at most {MAX_PATH} characters .* got {MAX_PATH + 1}"):
            PathPattern("/".ljust(MAX_PATH + 1, "a"))

    def test_may_be_longer_where_it_has_parameters(self):
        name = "n" * MAX_PATH
        assert PathPattern(f"/<{name}>").build({name: 1}) == "/1"


class TestParameters:
    def test_are_none_in_most_paths(self):
        assert PathPattern("/chat").names == frozenset()

    def test_are_found(self):
        assert PathPattern("/room/<slug:room>/<int:page>/<name>").names == {"room", "page", "name"}

    @pytest.mark.parametrize("name", ["self", "socket", "data", "event", "on_commit"])
    def test_have_names_that_are_free(self, name):
        with pytest.raises(ValueError, match=f"'{name}'"):
            PathPattern(f"/room/<{name}>")

    @pytest.mark.parametrize("given", ["/<colour:room>", "/<1a>", "/<int:a>/<int:a>", "/< a>"])
    def test_are_checked_by_django(self, given):
        with pytest.raises(ImproperlyConfigured):
            PathPattern(given)


class TestMatching:
    @pytest.mark.parametrize(
        ("pattern", "path", "parameters"),
        [
            ("/chat", "/chat", {}),
            ("/", "/", {}),
            ("/a.b(c)*", "/a.b(c)*", {}),
            ("/room/<room>", "/room/lobby", {"room": "lobby"}),
            ("/room/<room>", "/room/été", {"room": "été"}),
            ("/room/<slug:room>", "/room/lobby-2", {"room": "lobby-2"}),
            ("/page/<int:page>", "/page/007", {"page": 7}),
            ("/<uuid:id>", f"/{UUID(int=1)}", {"id": UUID(int=1)}),
            ("/file/<path:rest>/end", "/file/a/b/end", {"rest": "a/b"}),
            ("/<a>/<int:b>", "/x/2", {"a": "x", "b": 2}),
            ("/<roman:number>", "/V", {"number": 5}),
        ],
    )
    def test_finds_the_parameters(self, pattern, path, parameters):
        assert PathPattern(pattern).match(path) == parameters

    @pytest.mark.parametrize(
        ("pattern", "path"),
        [
            ("/chat", "/chat/"),
            ("/chat", "/chats"),
            ("/chat", "chat"),
            ("/a.b", "/axb"),
            ("/room/<room>", "/room/"),
            ("/room/<room>", "/room/a/b"),
            ("/room/<slug:room>", "/room/a b"),
            ("/room/<slug:room>", "/room/lobby\n"),
            ("/page/<int:page>", "/page/x"),
            ("/page/<int:page>", "/page/-1"),
            ("/room/<room>", "/hall/lobby"),
            ("/<roman:number>", "/VX"),
        ],
        ids=repr,
    )
    def test_refuses_other_paths(self, pattern, path):
        assert PathPattern(pattern).match(path) is None

    def test_refuses_longer_paths_than_are_allowed(self):
        pattern = PathPattern("/room/<room>")
        assert pattern.match("/room/".ljust(MAX_PATH, "a")) is not None
        assert pattern.match("/room/".ljust(MAX_PATH + 1, "a")) is None


class TestBuilding:
    @pytest.mark.parametrize(
        ("pattern", "parameters", "path"),
        [
            ("/chat", {}, "/chat"),
            ("/room/<slug:room>", {"room": "lobby"}, "/room/lobby"),
            ("/page/<int:page>", {"page": 7}, "/page/7"),
            ("/page/<int:page>", {"page": "7"}, "/page/7"),
            ("/<uuid:id>", {"id": UUID(int=1)}, f"/{UUID(int=1)}"),
            ("/file/<path:rest>", {"rest": "a/b"}, "/file/a/b"),
            ("/<a>/<b>", {"b": "2", "a": "1"}, "/1/2"),
            ("/<roman:number>", {"number": 10}, "/X"),
        ],
    )
    def test_fills_the_parameters_in(self, pattern, parameters, path):
        assert PathPattern(pattern).build(parameters) == path

    @pytest.mark.parametrize(
        ("pattern", "parameters", "message"),
        [
            ("/chat", {"room": "a"}, "takes the parameters: none; got: room"),
            ("/room/<room>", {}, "takes the parameters: room; got: none"),
            ("/room/<room>", {"rom": "a"}, "takes the parameters: room; got: rom"),
            ("/<a>/<b>", {"a": 1, "b": 2, "c": 3}, "takes the parameters: a, b; got: a, b, c"),
        ],
    )
    def test_refuses_missing_and_unknown_parameters(self, pattern, parameters, message):
        with pytest.raises(TypeError, match=message):
            PathPattern(pattern).build(parameters)

    @pytest.mark.parametrize(
        ("pattern", "value"),
        [
            ("<slug:x>", "a b"),
            ("<slug:x>", ""),
            ("<x>", "a/b"),
            ("<int:x>", "one"),
            ("<int:x>", -1),
            ("<uuid:x>", "no-uuid"),
            ("<roman:x>", 0),
        ],
        ids=repr,
    )
    def test_refuses_values_that_the_converter_does_not_take(self, pattern, value):
        with pytest.raises(ValueError, match="No path"):
            PathPattern(f"/room/{pattern}").build({"x": value})

    def test_refuses_a_path_that_would_be_too_long_and_names_the_limit_but_not_all_of_it(self):
        pattern = PathPattern("/room/<room>")
        assert len(pattern.build({"room": "a" * (MAX_PATH - len("/room/"))})) == MAX_PATH
        with pytest.raises(ValueError, match=f"at most {MAX_PATH} characters .*/room/.* got 15006") as refusal:
            pattern.build({"room": "a" * 15_000})
        assert len(str(refusal.value)) < 250

    @pytest.mark.parametrize("converter", ["", "slug:", "str:", "int:"])
    def test_refuses_none_by_name(self, converter):
        with pytest.raises(ValueError, match=r"a value for the parameter 'x' of the path '/room/.*', got None"):
            PathPattern(f"/room/<{converter}x>").build({"x": None})

    @given(st.text())
    def test_gives_only_paths_that_match_with_the_same_value(self, value):
        pattern = PathPattern("/room/<room>/end")
        try:
            path = pattern.build({"room": value})
        except ValueError:
            return
        assert pattern.match(path) == {"room": value}
