"""Models of the project that the tests serve."""

from django.contrib.auth.models import User


class Member(User):
    """A user, under another name."""

    class Meta:
        proxy = True
