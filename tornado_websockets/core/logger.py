"""The logger ``tornado_websockets``, which logs under every configuration that does not name it."""

import logging


class _Enabled(logging.LoggerAdapter[logging.Logger]):
    """A logger that is enabled again where it was only passed over.

    ``logging.config.dictConfig`` disables each logger that is there already and that it does not name, unless told not
    to; Django calls it once in ``setup()``, and once more in ``get_asgi_application()`` or ``get_wsgi_application()``,
    when ours has long been there. Levels, handlers and filters silence it as they do every logger.
    """

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 the name that logging has for it
        self.logger.disabled = False
        return super().isEnabledFor(level)


#: What all of this package logs to.
logger = _Enabled(logging.getLogger("tornado_websockets"))
