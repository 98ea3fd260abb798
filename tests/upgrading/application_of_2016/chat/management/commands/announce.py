from django.core.management.base import BaseCommand

from chat.chat import ws_chat


class Command(BaseCommand):
    help = 'Tells everybody something.'

    def add_arguments(self, parser):
        parser.add_argument('text')

    def handle(self, *args, **options):
        ws_chat.emit('announced', {'by': options['text']})  # finds: emit-outside
