"""URLconf of the pages that Tornado serves."""

from django.urls import include, path

from . import views

urlpatterns = [
    path("", include("tests.project.urls")),
    path("hello", views.hello),
    path("hello/<str:name>", views.hello),
    path("people", views.people),
    path("apeople", views.apeople),
    path("slow", views.slow),
    path("body", views.body),
    path("large", views.large),
    path("upload", views.upload),
    path("cookies", views.cookies),
    path("form", views.form),
    path("redirect", views.redirect),
    path("unchanged", views.unchanged),
    path("nothing", views.nothing),
    path("stream", views.stream),
    path("broken-stream", views.broken_stream),
    path("fail", views.fail),
    path("meta", views.meta),
    path("timer", views.timer),
]
