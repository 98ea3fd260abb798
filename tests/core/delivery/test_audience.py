import pytest

from tests.support.memory import MemoryMember
from tornado_websockets.core.delivery.audience import Audience


@pytest.fixture
def members():
    return [MemoryMember("a", "5"), MemoryMember("b", "5"), MemoryMember("c")]


def ids(members):
    return "".join(member.id for member in members)


class TestAudience:
    def test_is_everybody_by_default(self, members):
        assert Audience().of(members) == members

    def test_leaves_out_who_is_excluded(self, members):
        assert ids(Audience(exclude=frozenset("b")).of(members)) == "ac"

    def test_may_be_a_few_only(self, members):
        assert ids(Audience(connections=frozenset("ca")).of(members)) == "ac"

    def test_may_be_nobody(self, members):
        assert Audience(connections=frozenset()).of(members) == []

    def test_leaves_out_who_is_excluded_though_it_is_meant(self, members):
        assert ids(Audience(connections=frozenset("ab"), exclude=frozenset("b")).of(members)) == "a"

    def test_knows_no_strangers(self, members):
        assert ids(Audience(connections=frozenset("az"), exclude=frozenset("y")).of(members)) == "a"

    def test_leaves_the_members_as_they_are(self, members):
        Audience(exclude=frozenset("abc")).of(members)
        assert ids(members) == "abc"

    def test_is_the_same_as_another_of_the_same_ids(self):
        """Messages to the same audience are sent together."""
        assert Audience(exclude=frozenset("ab")) == Audience(exclude=frozenset("ba"))
        assert Audience(exclude=frozenset("a")) != Audience(connections=frozenset("a"))

    def test_may_be_every_connection_of_some_users(self, members):
        assert ids(Audience(users=frozenset(("5", "7"))).of(members)) == "ab"

    def test_may_be_the_connections_of_no_user(self, members):
        assert Audience(users=frozenset()).of(members) == []

    def test_is_who_is_named_twice_where_both_are_given(self, members):
        assert ids(Audience(users=frozenset("5"), connections=frozenset("bc")).of(members)) == "b"

    def test_spares_a_tab_of_its_own_user_alone(self, members):
        assert ids(Audience(exclude_tabs=frozenset({("a", "5")})).of(members)) == "bc"
        assert ids(Audience(exclude_tabs=frozenset({("a", "7")})).of(members)) == "abc"
        assert ids(Audience(exclude_tabs=frozenset({("a", None)})).of(members)) == "abc"

    def test_spares_the_tab_of_nobody(self, members):
        assert ids(Audience(exclude_tabs=frozenset({("c", None)})).of(members)) == "ab"

    def test_is_narrow_when_it_names_who_hears(self):
        assert Audience(users=frozenset()).is_narrow
        assert Audience(connections=frozenset("a")).is_narrow
        assert not Audience(exclude=frozenset("a"), exclude_tabs=frozenset({("a", None)})).is_narrow


class TestText:
    @pytest.mark.parametrize(
        ("audience", "text"),
        [
            (Audience(), "{}"),
            (Audience(users=frozenset()), '{"u":[]}'),
            (Audience(users=frozenset(("7", "5"))), '{"u":["5","7"]}'),
            (Audience(connections=frozenset("ba"), exclude=frozenset("b")), '{"c":["a","b"],"x":["b"]}'),
            (Audience(exclude_tabs=frozenset({("a", None), ("a", "é")})), '{"t":[["a",null],["a","\\u00e9"]]}'),
        ],
    )
    def test_comes_back_as_the_same_audience(self, audience, text):
        assert audience.to_text() == text
        assert Audience.from_text(text) == audience

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "null",
            "{",
            "[" * 100_000,
            '{"u":"5"}',
            '{"u":null}',
            '{"u":[5]}',
            '{"u":[""]}',
            '{"c":[["a"]]}',
            '{"x":[null]}',
            '{"t":["a"]}',
            '{"t":[["a"]]}',
            '{"t":[["a","5","6"]]}',
            '{"t":[["a",5]]}',
            '{"z":[]}',
            f'{{"u":["{"5" * 1_025}"]}}',
            None,
            b"\xff",
        ],
    )
    def test_anything_else_is_none(self, text):
        with pytest.raises(ValueError, match="Expected an audience"):
            Audience.from_text(text)
