import pytest
from channels.layers import BaseChannelLayer
from hypothesis import assume, given
from hypothesis import strategies as st

from tornado_websockets.core.delivery.group_names import group_name

paths = st.text() | st.text("/_.-<>:aA1é", max_size=60)


@pytest.mark.parametrize(
    ("path", "name"),
    [("/chat", "ws._2f_chat"), ("/room/lobby", "ws._2f_room_2f_lobby"), ("/a-B_9.é", "ws._2f_a-B_5f_9_2e__c3a9_")],
)
def test_short_names_are_readable(path, name):
    assert group_name(path) == name


@pytest.mark.parametrize("length", [90, 91, 92, 1000])
def test_long_names_fit(length):
    assert len(group_name("/" + "a" * length)) < 100


def test_names_are_kept_up_to_the_longest_allowed():
    assert group_name("a" * 96) == "ws." + "a" * 96
    assert len(group_name("a" * 96)) == 99
    assert group_name("a" * 97).startswith("ws-")


@given(paths)
def test_names_are_valid_for_channels(path):
    assert BaseChannelLayer().require_valid_group_name(group_name(path))


@given(paths, paths)
def test_different_paths_have_different_names(one, other):
    assume(one != other)
    assert group_name(one) != group_name(other)


@given(paths)
def test_no_path_has_the_name_of_another_as_its_own(path):
    name = group_name(path)
    assert group_name(name) != name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/a/b", "/a_b"),
        ("/a/b", "/a_2f_b"),
        ("/a", "/A"),
        ("/a", "/a/"),
        ("/" + "a" * 200, "/" + "a" * 201),
        ("\u00e9", "e\u0301"),
    ],
)
def test_similar_paths_have_different_names(one, other):
    assert group_name(one) != group_name(other)


def test_the_same_path_has_the_same_name():
    assert group_name("/room/" + "x" * 500) == group_name("/room/" + "x" * 500)


class TestNamespaces:
    def test_none_changes_nothing(self):
        assert group_name("/chat", "") == group_name("/chat")

    def test_go_before_the_name(self):
        assert group_name("/chat", "staging") == "staging." + group_name("/chat")

    @pytest.mark.parametrize("path", ["/chat", "/" + "x" * 200])
    def test_have_groups_of_their_own(self, path):
        names = {group_name(path, namespace) for namespace in ("", "a", "b", "a.ws", "a b", "x" * 200)}
        assert len(names) == 6
        assert all(BaseChannelLayer().require_valid_group_name(name) for name in names)
