import pytest

from tests.support.memory import MemoryMember
from tornado_websockets.core.delivery.message import Audience, Message


@pytest.fixture
def members():
    return [MemoryMember(id) for id in "abc"]


def ids(members):
    return "".join(member.id for member in members)


class TestAudience:
    def test_is_everybody_by_default(self, members):
        assert Audience().of(members) == members

    def test_leaves_out_who_is_excluded(self, members):
        assert ids(Audience(exclude=frozenset("b")).of(members)) == "ac"

    def test_may_be_a_few_only(self, members):
        assert ids(Audience(only=frozenset("ca")).of(members)) == "ac"

    def test_may_be_nobody(self, members):
        assert Audience(only=frozenset()).of(members) == []

    def test_leaves_out_who_is_excluded_though_it_is_meant(self, members):
        assert ids(Audience(only=frozenset("ab"), exclude=frozenset("b")).of(members)) == "a"

    def test_knows_no_strangers(self, members):
        assert ids(Audience(only=frozenset("az"), exclude=frozenset("y")).of(members)) == "a"

    def test_leaves_the_members_as_they_are(self, members):
        Audience(exclude=frozenset("abc")).of(members)
        assert ids(members) == "abc"

    def test_is_the_same_as_another_of_the_same_ids(self):
        """Messages to the same audience are sent together."""
        assert Audience(exclude=frozenset("ab")) == Audience(exclude=frozenset("ba"))
        assert Audience(exclude=frozenset("a")) != Audience(only=frozenset("a"))


def test_a_message_is_for_everybody_and_supersedes_none_by_default():
    message = Message("/chat", "say", "{}")
    assert (message.topic, message.event, message.text) == ("/chat", "say", "{}")
    assert (message.key, message.audience) == (None, None)


def test_messages_of_the_same_content_are_equal():
    assert Message("/chat", "say", "{}", key="say") == Message("/chat", "say", "{}", key="say")
    assert Message("/chat", "say", "{}") != Message("/chat", "say", "{}", key="say")
