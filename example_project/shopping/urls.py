"""The list's one page."""

from django.urls import path

from shopping.views import index

urlpatterns = [path("", index, name="shopping")]
