"""What the permissions are of; there is no table."""

from django.db import models


class Connection(models.Model):  # noqa: DJ008 none is ever made
    """A client's connection, as the live page shows it."""

    class Meta:
        """Its permissions."""

        managed = False
        default_permissions = ()
        permissions = (
            ("look", "Can look at the connections of all processes"),
            ("disconnect", "Can disconnect clients"),
        )
