"""What the page's forms send, by a WebSocket or by a POST: the same rules for both."""

from django import forms
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from chat import rules
from notes.models import NOTE_LENGTH
from tornado_websockets.exceptions import Refused

LONGEST_REASON = 123  # bytes of UTF-8: a close frame has no room for more


class GuestForm(forms.Form):
    """A name, for which there is an account without a password, for as long as the browser keeps its cookie."""

    name = forms.CharField(max_length=rules.NAME_LENGTH)

    def clean_name(self) -> str:
        try:
            name = rules.clean_name(self.cleaned_data["name"])
        except Refused as refusal:
            raise forms.ValidationError(str(refusal.message)) from refusal
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError("Somebody has that name already.")
        return name

    def make_guest(self) -> User | None:
        """The new account; ``None``, and an error of the form, where somebody was quicker."""
        try:
            with transaction.atomic():
                return User.objects.create_user(self.cleaned_data["name"])
        except IntegrityError:
            self.add_error("name", "Somebody has that name already.")
            return None


class NoteForm(forms.Form):
    """A note to one person."""

    recipient = forms.ModelChoiceField(User.objects.filter(is_active=True))
    text = forms.CharField(max_length=NOTE_LENGTH)


class KickForm(forms.Form):
    """Whom to disconnect, and why."""

    person = forms.ModelChoiceField(User.objects.filter(is_staff=False))
    reason = forms.CharField()

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if len(reason.encode()) > LONGEST_REASON:
            raise forms.ValidationError("That is too long for a reason.")
        return reason
