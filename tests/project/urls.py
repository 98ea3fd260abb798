"""URLconf of the project that the tests serve."""

from django.urls import include, path

from tornado_websockets.health import ready
from tornado_websockets.metrics import prometheus_all

from . import accounts, people, views

urlpatterns = [
    path("ready", ready),
    path("metrics", prometheus_all),
    path("path", views.path),
    path("publish", views.publish),
    path("apublish", views.apublish),
    path("publish-in-async", views.publish_in_async),
    path("publish-in-thread", views.publish_in_thread),
    path("publish-in-transaction", views.publish_in_transaction),
    path("publish-and-roll-back", views.publish_and_roll_back),
    path("create-user", views.create_user),
    path("emit", views.emit),
    path("aemit", views.aemit),
    path("emit-to-remembered", views.emit_to_remembered),
    path("broadcast-from-remembered", views.broadcast_from_remembered),
    path("group-send", views.group_send),
    path("publish-numbers/<int:count>", views.publish_many),
    path("publish-in-room/<slug:name>", views.publish_in_room),
    path("accounts/", include(accounts.urlpatterns)),
    path("people/", include(people.urlpatterns)),
    path("register/<slug:name>", views.register),
    path("websockets/", include("tornado_websockets.live")),
]
