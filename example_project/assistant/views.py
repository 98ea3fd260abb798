"""The assistant's page; what happens on it afterwards is in `websockets.py`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from assistant.model import LONGEST


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "assistant/index.html", {"longest": LONGEST})
