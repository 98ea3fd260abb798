from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tests.project.websockets.anywhere import publish_after_fork, publish_from_threads, publish_numbers


class Command(BaseCommand):
    """``manage.py publish_from_everywhere COUNT``: from threads, from the command itself, and after it has forked."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("count", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        count = options["count"]
        publish_from_threads(count)
        publish_numbers("a command", count)
        publish_after_fork(count)
