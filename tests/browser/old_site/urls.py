"""The pages of the tests."""

from django.contrib.staticfiles.views import serve
from django.urls import path
from django.views.generic import TemplateView

urlpatterns = [
    path("static/<path:path>", serve),
    path("old/", TemplateView.as_view(template_name="old_site/old.html")),
    path("0.1/", TemplateView.as_view(template_name="old_site/page_0_1.html")),
    path("0.2/", TemplateView.as_view(template_name="old_site/page_0_2.html")),
    path("today/", TemplateView.as_view(template_name="old_site/today.html")),
    path("numbers/", TemplateView.as_view(template_name="old_site/numbers.html")),
    path("probe/", TemplateView.as_view(template_name="old_site/probe.html")),
]
