"""A filter of a project's own, for settings that nobody shall see."""

import re

from django.views.debug import SafeExceptionReporterFilter


class Reticent(SafeExceptionReporterFilter):
    """Hides colours alone."""

    hidden_settings = re.compile("COLOUR", re.IGNORECASE)
