"""The chat's page; what happens on it afterwards is in `websockets.py`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from chat.rules import NAME_LENGTH, TEXT_LENGTH


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    limits = {"name_length": NAME_LENGTH, "text_length": TEXT_LENGTH}
    return render(request, "chat/index.html", limits)
