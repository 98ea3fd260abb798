"""Django's templates while ``DEBUG`` is on: a change shows with the next page, as ``runserver`` does it."""

from django.template import Engine, engines


def read_templates_anew() -> None:
    """Have the engines that debug read a template each time.

    Django keeps templates since its version 4.1 while debugging too, and ``runserver`` watches the files. An engine of
    Django's has its loaders in a list; one that keeps what others load has those others in ``loaders``.
    """
    for backend in engines.all():
        engine = getattr(backend, "engine", None)
        if isinstance(engine, Engine) and engine.debug:
            engine.template_loaders = [
                inner for loader in engine.template_loaders for inner in getattr(loader, "loaders", [loader])
            ]
