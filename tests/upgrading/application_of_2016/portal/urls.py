from django.urls import re_path as url

from chat import operators  # noqa: it makes a WebSocket
from chat import views as chat_views
from jobs import views as jobs_views

urlpatterns = [
    url(r'^$', chat_views.index),
    url(r'^announce/$', chat_views.announce),
    url(r'^shout/$', chat_views.shout),
    url(r'^jobs/$', jobs_views.index),
]
