"""The notes' page, and how one comes by a name; what happens on it afterwards is in `websockets.py`."""

from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from chat.rules import NAME_LENGTH
from notes.forms import LONGEST_REASON, GuestForm, NoteForm
from notes.models import NOTE_LENGTH, Note
from notes.websockets import send

LISTED_NOTES = 50
LISTED_PEOPLE = 200


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Show the notes. Without scripts, or before they are there, a browser posts what is written."""
    if not isinstance(request.user, User):
        return render(request, "notes/entrance.html", {"form": GuestForm(), "name_length": NAME_LENGTH})
    form = NoteForm(request.POST or None)
    if form.is_valid():
        send(request.user, **form.cleaned_data)
        return redirect("notes")
    context = {
        "form": form,
        "notes": Note.objects.filter(recipient=request.user).select_related("sender").order_by("-pk")[:LISTED_NOTES],
        "others": User.objects.filter(is_active=True).exclude(pk=request.user.pk).order_by("-pk")[:LISTED_PEOPLE],
        "note_length": NOTE_LENGTH,
        "longest_reason": LONGEST_REASON,
    }
    return render(request, "notes/index.html", context)


@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    """Give a guest an account."""
    form = GuestForm(request.POST)
    guest = form.make_guest() if form.is_valid() else None
    if guest is None:
        return render(request, "notes/entrance.html", {"form": form, "name_length": NAME_LENGTH})
    login(request, guest)
    return redirect("notes")
