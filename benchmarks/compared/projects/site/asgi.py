"""The pages alone, for peers whose servers serve none of Django's."""

from django.core.asgi import get_asgi_application

application = get_asgi_application()
