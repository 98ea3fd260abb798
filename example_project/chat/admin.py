"""Moderation: a message that is deleted or changed here vanishes or changes on every open page."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from chat.models import Message

if TYPE_CHECKING:
    MessageModelAdmin = admin.ModelAdmin[Message]
else:  # generic in the stubs only
    MessageModelAdmin = admin.ModelAdmin


@admin.register(Message)
class MessageAdmin(MessageModelAdmin):
    list_display = ["at", "name", "text"]
    search_fields = ["name", "text"]
    ordering = ["-pk"]
    fields = ["at", "name", "text"]
    readonly_fields = ["at", "name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
