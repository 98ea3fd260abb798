"""Pages of stored messages."""

from typing_extensions import TypedDict

from chat.models import Message, MessageData

PAGE_LENGTH = 50


class Page(TypedDict):
    """Consecutive messages, the oldest first, and whether there are older ones."""

    messages: list[MessageData]
    more: bool


async def read_page(before: int | None = None) -> Page:
    """Return the latest messages, or those just before the message with the id `before`."""
    newest_first = Message.objects.order_by("-pk")
    if before is not None:
        newest_first = newest_first.filter(pk__lt=before)
    # One more than wanted tells whether there are more, without counting them all.
    found = [message.to_data() async for message in newest_first[: PAGE_LENGTH + 1]]
    return {"messages": found[:PAGE_LENGTH][::-1], "more": len(found) > PAGE_LENGTH}
