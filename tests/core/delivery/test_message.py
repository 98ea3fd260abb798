from tornado_websockets.core.delivery.message import Message


def test_a_message_is_for_everybody_and_supersedes_none_by_default():
    message = Message("/chat", "say", "{}")
    assert (message.topic, message.event, message.text) == ("/chat", "say", "{}")
    assert (message.key, message.audience) == (None, None)


def test_messages_of_the_same_content_are_equal():
    assert Message("/chat", "say", "{}", key="say") == Message("/chat", "say", "{}", key="say")
    assert Message("/chat", "say", "{}") != Message("/chat", "say", "{}", key="say")
