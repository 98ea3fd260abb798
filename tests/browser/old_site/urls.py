"""The pages of the tests."""

from django.urls import path
from django.views.generic import TemplateView

urlpatterns = [
    path("old/", TemplateView.as_view(template_name="old_site/old.html")),
    path("probe/", TemplateView.as_view(template_name="old_site/probe.html")),
]
