"""``Table``: a model whose rows are followed: what it hears of them, and what their instances know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from django.db.models import signals

from ..core.logger import logger
from .columns import Column, find_field
from .known import Known, surviving
from .ledger import Entry, Report, ledger_of
from .outcome import NOWHERE, UNHEARD, Place, Step

if TYPE_CHECKING:
    from .following import Following

_MISSING: Final = object()


class Table:
    """The rows of a model, those of its proxies and children included.

    :param model: one with a table of its own.
    """

    def __init__(self, model: type[Any]) -> None:
        self._model = model
        self._key = model._meta.pk.attname
        self._key_column = Column(model._meta.pk)
        self._slot = f"_followed_{model._meta.label_lower}"
        self._columns: dict[str, Column] = {}
        self._followings: list[Following] = []
        self._loaders: set[Any] = set()
        for each in _family(model):
            self._listen(each)
        signals.class_prepared.connect(self._on_class_prepared, weak=False)

    def add(self, following: Following) -> None:
        """Tell it of the rows, too."""
        for attname in sorted(following.columns - self._columns.keys()):
            self._columns[attname] = Column(find_field(self._model, attname))
        self._followings.append(following)

    # Whom it hears.

    def _on_class_prepared(self, sender: type[Any], **_: Any) -> None:
        if issubclass(sender, self._model) and not sender._meta.abstract:
            self._listen(sender)

    def _listen(self, model: type[Any]) -> None:
        self._note_loading(model)
        self._note_refreshing(model)
        signals.pre_save.connect(self._on_saving, sender=model, weak=False)
        signals.post_save.connect(self._on_saved, sender=model, weak=False)
        if model._meta.concrete_model is self._model:  # with a child's row the parent's goes, and is told of itself
            signals.pre_delete.connect(self._on_deleting, sender=model, weak=False)
            signals.post_delete.connect(self._on_deleted, sender=model, weak=False)

    def _note_loading(self, model: type[Any]) -> None:
        """Hear of each row that is loaded: ``post_init`` does not tell it from an instance that is made."""
        load = model.from_db.__func__
        if load in self._loaders:  # it is inherited
            return

        @wraps(load)
        def from_db(cls: type[Any], *arguments: Any, **options: Any) -> Any:
            instance = load(cls, *arguments, **options)
            self._on_loaded(instance)
            return instance

        self._loaders.add(from_db)
        model.from_db = classmethod(from_db)

    def _note_refreshing(self, model: type[Any]) -> None:
        """Hear of ``refresh_from_db`` too, by which deferred columns are loaded: Django has no signal for it."""
        refresh = model.refresh_from_db
        if refresh in self._loaders:
            return

        @wraps(refresh)
        def refresh_from_db(instance: Any, *arguments: Any, **options: Any) -> None:
            refresh(instance, *arguments, **options)
            self._on_refreshed(instance, options.get("fields", arguments[1] if len(arguments) > 1 else None))

        self._loaders.add(refresh_from_db)
        model.refresh_from_db = refresh_from_db

    # What instances know.

    def _key_of(self, instance: Any) -> Any:
        """The key of its row, as the field has it."""
        return self._key_column.read(getattr(instance, self._key))

    def _known(self, instance: Any, key: Any) -> Known | None:
        known = surviving(instance._state.__dict__.get(self._slot))
        return known if known is not None and known.key == key else None

    def _recall(self, instance: Any, using: str) -> None:
        """Have an instance know what it may: nothing where it is to be a new row, or a row of another database."""
        if instance._state.adding or instance._state.db != using:
            instance._state.__dict__.pop(self._slot, None)
        elif self._slot not in instance._state.__dict__:
            self._ask_child(instance)

    def _ask_child(self, instance: Any) -> None:
        """Know what a child knows: where it is deleted, Django makes its parent of its attributes."""
        key = self._key_of(instance)
        for other in instance._state.fields_cache.values():
            known = self._known(other, key) if isinstance(other, self._model) else None
            if known is not None:
                instance._state.__dict__[self._slot] = known

    def _on_loaded(self, instance: Any) -> None:
        values = instance.__dict__
        known = {attname: values[attname] for attname in self._columns if attname in values}
        instance._state.__dict__[self._slot] = Known(getattr(instance, self._key), known)

    def _on_refreshed(self, instance: Any, fields: Any) -> None:
        read = [each for each in self._columns.values() if fields is None or each.is_among(fields)]
        values = {each.attname: instance.__dict__[each.attname] for each in read if each.attname in instance.__dict__}
        self._learn(instance, values)

    def _learn(self, instance: Any, values: Mapping[str, Any]) -> None:
        """Know of the row what was read of it, too."""
        key = self._key_of(instance)
        known = self._known(instance, key)
        if known is not None:  # what was read may be undone with what was saved
            values = {**known.values, **values}
        instance._state.__dict__[self._slot] = Known(key, values, None if known is None else known.cause)

    def _read(self, key: Any, columns: list[str], using: str) -> dict[str, Any]:
        """The values that no instance has; none where the row is gone."""
        rows = self._model._base_manager.using(using).filter(pk=key)
        return next(iter(rows.values(*columns)), {})

    # What it tells. No save and no deletion fails by it.

    def _on_saving(self, instance: Any, using: str, **_: Any) -> None:
        self._recall(instance, using)

    def _on_saved(
        self, instance: Any, created: bool, raw: bool, using: str, update_fields: frozenset[str] | None, **_: Any
    ) -> None:
        if raw:
            instance._state.__dict__.pop(self._slot, None)
            return
        try:
            self._save(instance, created, using, update_fields)
        except Exception:
            logger.exception("Cannot tell of a saved row (%s, %r)", self._model._meta.label, instance.pk)

    def _save(self, instance: Any, created: bool, using: str, update_fields: frozenset[str] | None) -> None:
        ledger, key = ledger_of(using), self._key_of(instance)
        latest = None if ledger is None else ledger.latest(self, key)
        known = self._known(instance, key) if latest is None else latest.known
        before = None if known is None or created else known.values
        values = self._values(instance, before or {}, created, using, update_fields)
        if values is None:
            return
        reports = [self._report(following, instance, before, values, created) for following in self._followings]
        entry = Entry(self, key, reports)
        instance._state.__dict__[self._slot] = entry.know(values, known)
        entry.register(ledger, using)

    def _report(
        self,
        following: Following,
        instance: Any,
        before: Mapping[str, Any] | None,
        values: Mapping[str, Any],
        created: bool,
    ) -> Report:
        place = self._place(following, instance, values)
        if created:
            was: Place = NOWHERE
        elif before is not None and following.is_same_place(before, values):
            was = place
        else:
            was = self._place_before(following, before)
        return Report(following, Step(was, place), self._body(following, instance, values))

    def _values(
        self, instance: Any, before: Mapping[str, Any], created: bool, using: str, update_fields: frozenset[str] | None
    ) -> dict[str, Any] | None:
        """What the row has now: what was saved, and of the rest what was there; ``None`` where it is gone."""
        values, unknown = {}, []
        for attname, column in self._columns.items():
            is_saved = update_fields is None or column.is_among(update_fields)
            value = (instance.__dict__ if is_saved or attname == self._key else before).get(attname, _MISSING)
            is_exact = type(value) is column.exact
            is_unknown = not is_exact and (value is _MISSING or hasattr(value, "resolve_expression"))
            if is_unknown or (column.is_generated and not created):
                unknown.append(attname)
            elif not is_exact:
                value = column.read(value)
            values[attname] = value
        if unknown:
            read = self._read(self._key_of(instance), unknown, using)
            if not read:
                return None
            values.update(read)
        return values

    def _on_deleting(self, instance: Any, using: str, **_: Any) -> None:
        self._recall(instance, using)
        key = self._key_of(instance)
        known = self._known(instance, key)
        needed = {attname for following in self._followings for attname in following.columns_of_path}
        unknown = needed - (known.values.keys() if known is not None else set())
        if not unknown:
            return
        try:
            self._learn(instance, self._read(key, sorted(unknown), using))
        except Exception:
            logger.exception("Cannot tell to whom a row belonged (%s, %r)", self._model._meta.label, instance.pk)

    def _on_deleted(self, instance: Any, using: str, **_: Any) -> None:
        try:
            ledger, key = ledger_of(using), self._key_of(instance)
            known = self._known(instance, key)
            before = None if known is None else known.values
            reports = [
                Report(following, Step(self._place_left(following, instance, before), NOWHERE), None)
                for following in self._followings
            ]
            latest = None if ledger is None else ledger.latest(self, key)
            entry = Entry(self, key, reports)
            # Deletions load what they delete: that was seen in a transaction that may have changed it before.
            instance._state.__dict__[self._slot] = entry.know({}, known if latest is None else latest.known)
            entry.register(ledger, using)
        except Exception:
            logger.exception("Cannot tell of a deleted row (%s, %r)", self._model._meta.label, instance.pk)

    def _place_left(self, following: Following, instance: Any, before: Mapping[str, Any] | None) -> Place:
        if following.columns_of_path:
            return self._place_before(following, before)
        return self._place(following, instance, {})

    def _place_before(self, following: Following, before: Mapping[str, Any] | None) -> Place:
        try:
            return following.place_before(before)
        except ValueError:  # a value that no path can have: nobody was told of the row
            return UNHEARD

    def _place(self, following: Following, instance: Any, values: Mapping[str, Any]) -> Place:
        try:
            return following.place(instance, values)
        except Exception:
            logger.exception("No path for a row (%s, %r)", self._model._meta.label, instance.pk)
            return UNHEARD

    def _body(self, following: Following, instance: Any, values: Mapping[str, Any]) -> str | None:
        try:
            return following.body(instance, values)
        except Exception:
            logger.exception("No data of a row (%s, %r)", self._model._meta.label, instance.pk)
            return None


def _family(model: type[Any]) -> Iterator[type[Any]]:
    """``model`` and all that is made of it, but for the abstract ones."""
    if not model._meta.abstract:
        yield model
    for child in model.__subclasses__():
        yield from _family(child)


_tables: dict[type[Any], Table] = {}


def table_of(model: type[Any]) -> Table:
    """The table that has the rows of ``model``: of a proxy it is that of the model behind it."""
    concrete = model._meta.concrete_model
    table = _tables.get(concrete)
    if table is None:
        table = _tables[concrete] = Table(concrete)
    return table
