"""The logger ``tornado_websockets``, which logs under every configuration that does not name it."""

import logging
import traceback

from .protocol.offers import Offer


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


def shown(offer: Offer, error: BaseException) -> str:
    """An error in a line, without the token of the client that it is about."""
    try:
        return offer.hide(repr(error))
    except Exception:  # it has an object whose text must be queried, say
        return type(error).__name__


def log_error(offer: Offer, error: BaseException, message: str, *args: object) -> None:
    """Log an error of an application with its traceback; as text, and without the token, where that quotes it.

    There is no ``exc_info`` then: programs that gather errors show the variables of each frame with it.

    :param offer: of the client that it is about.
    :param message: what has failed, with ``args`` in it.
    """
    if offer.secrets:
        text = "".join(traceback.format_exception(error)).rstrip()
        hidden = offer.hide(text)
        if hidden != text:
            message, args = f"{message}\n%s", (*args, hidden)
            logger.error(message, *args, stacklevel=2)
            return
    logger.error(message, *args, exc_info=error, stacklevel=2)
