"""Serializers as types: what arrives, what is refused, what they look like in JSON."""

from datetime import date

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import models
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from tests.support.databases import database_in
from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import MAX_VALUES, Bounded
from tornado_websockets.schema.protocol import JSON_VALUE
from tornado_websockets.schema.registry import find_received
from tornado_websockets.schema.rest_framework import MAX_QUERIES, SerializerType


class Item(serializers.Serializer):
    name = serializers.CharField(max_length=10)
    price = serializers.DecimalField(max_digits=5, decimal_places=2)


class Order(serializers.Serializer):
    id = serializers.IntegerField(read_only=True)
    items = Item(many=True)
    first = Item(required=False, allow_null=True)
    at = serializers.DateTimeField()
    colour = serializers.ChoiceField(["red", "blue"])
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    by_name = serializers.DictField(child=serializers.IntegerField(), required=False)
    secret = serializers.CharField(write_only=True, required=False)
    more = serializers.JSONField(required=False)
    computed = serializers.SerializerMethodField()

    def get_computed(self, order):
        return len(order["items"])


ITEM = {
    "title": "Item",
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 10}, "price": {"type": ["number", "string"]}},
    "required": ["name", "price"],
}
ORDER = {"items": [{"name": "tea", "price": "1.10"}], "at": "2020-02-29T12:00:00Z", "colour": "red"}


@pytest.fixture
def received():
    return SerializerType(Order).schema(is_sent=False)


@pytest.fixture
def sent():
    return SerializerType(Order).schema(is_sent=True)


def test_handler_gets_validated_data():
    order = SerializerType(Order).validate(ORDER)
    assert (order["at"].year, str(order["items"][0]["price"])) == (2020, "1.10")


def test_errors_have_paths():
    wrong = {"items": [{"name": "tea", "price": 1}, {"name": "x" * 11}], "at": "soon", "by_name": {"a": "b"}}
    with pytest.raises(Refused) as caught:
        SerializerType(Order).validate(wrong)
    paths = {field["path"] for field in caught.value.details["fields"]}
    assert paths == {"items.1.name", "items.1.price", "at", "colour", "by_name.a"}


def test_reply_is_the_serializers_data():
    values = SerializerType(Order).validate(ORDER)
    dumped = SerializerType(Order).dump({**values, "id": 7, "by_name": {}, "tags": [], "first": None, "more": 1})
    assert (dumped["id"], dumped["items"], dumped["computed"]) == (7, [{"name": "tea", "price": "1.10"}], 1)
    assert SerializerType(Item).dump(Item({"name": "tea", "price": 1})) == {"name": "tea", "price": "1.00"}
    assert SerializerType(Item).dump(None) is None


def test_received_has_what_may_be_written(received):
    assert set(received["properties"]) == {
        "items", "first", "at", "colour", "tags", "by_name", "secret", "more"
    }  # fmt: skip
    assert received["required"] == ["items", "at", "colour"]


def test_sent_has_what_may_be_read(sent):
    assert set(sent["properties"]) == {
        "id", "items", "first", "at", "colour", "tags", "by_name", "more", "computed"
    }  # fmt: skip
    assert sent["required"] == ["items", "first", "at", "colour", "computed"]
    assert sent["properties"]["items"]["items"]["properties"]["price"] == {"type": "string"}


def test_fields_have_schemas(received):
    properties = received["properties"]
    assert properties["items"] == {"type": "array", "items": ITEM}
    assert properties["first"] == {"anyOf": [ITEM, {"type": "null"}]}
    assert properties["colour"] == {"enum": ["red", "blue"]}
    assert properties["tags"] == {"type": "array", "items": {"type": "string"}}
    assert properties["by_name"] == {"type": "object", "additionalProperties": {"type": "integer"}}


class RowOfPermission(serializers.ModelSerializer):
    label = serializers.CharField(source="content_type.app_label", read_only=True)
    holders = serializers.IntegerField(read_only=True)

    class Meta:
        model = Permission
        fields = ("id", "name", "group_set", "label", "holders")
        read_only_fields = fields


class Linked(models.Model):  # noqa: DJ008 nobody prints it
    user = models.ForeignKey("auth.User", models.CASCADE, null=True)

    class Meta:
        app_label = "tests"
        managed = False


class LinkedOnce(models.Model):  # noqa: DJ008 nobody prints it
    linked = models.OneToOneField(Linked, models.CASCADE, related_name="once")

    class Meta:
        app_label = "tests"
        managed = False


class RowOfLinked(serializers.ModelSerializer):
    name = serializers.CharField(source="user.username", read_only=True)

    class Meta:
        model = Linked
        fields = ("id", "user", "name", "once")
        read_only_fields = ("once",)


def test_sent_has_for_certain_what_each_row_has():
    """An annotation may be lacking, and so may what is behind a relation that may be null."""
    assert SerializerType(RowOfPermission).schema(is_sent=True)["required"] == ["id", "name", "group_set", "label"]
    assert SerializerType(RowOfLinked).schema(is_sent=True)["required"] == ["id", "user"]


def test_what_a_method_of_the_project_sends_may_be_anything():
    class Flat(Item):
        def to_representation(self, item):
            return item["name"]

    class Joined(serializers.ListField):
        def to_representation(self, values):
            return ",".join(values)

    class Row(serializers.Serializer):
        flat = Flat()
        joined = Joined(child=serializers.CharField())

    kind = SerializerType(Row)
    assert kind.schema(is_sent=True)["properties"] == {"flat": JSON_VALUE, "joined": JSON_VALUE}
    assert kind.schema(is_sent=False)["properties"]["joined"] == {"type": "array", "items": {"type": "string"}}


def test_choices_are_what_json_can_say():
    class Row(serializers.Serializer):
        size = serializers.ChoiceField(["s", 1], allow_blank=True)
        blank = serializers.ChoiceField(["", "s"], allow_blank=True)
        days = serializers.MultipleChoiceField(choices=[(date(2020, 2, 29), "leap day")])

    properties = SerializerType(Row).schema(is_sent=False)["properties"]
    assert properties == {
        "size": {"enum": ["", "s", 1]},
        "blank": {"enum": ["", "s"]},
        "days": {"type": "array", "items": {"enum": ["2020-02-29"]}},
    }


asked = []


class Number(serializers.IntegerField):
    def run_validation(self, data=serializers.empty):
        asked.append(data)
        return super().run_validation(data)


Wide = type("Wide", (serializers.Serializer,), {f"n{n}": Number() for n in range(50)})


class Numbers(serializers.Serializer):
    numbers = serializers.ListField(child=Number(), required=False)
    by_name = serializers.DictField(child=Number(), required=False)
    wide = Wide(many=True, required=False)
    one = Wide(required=False)
    wide_by_name = serializers.DictField(child=Wide(), required=False)
    json = serializers.JSONField(required=False)


@pytest.fixture(autouse=True)
def nothing_is_asked():
    asked.clear()


def test_a_text_that_nests_too_deeply_is_refused():
    kind = SerializerType(type("Text", (serializers.Serializer,), {"json": serializers.JSONField(binary=True)}))
    with pytest.raises(Refused) as refused:
        kind.validate({"json": "[" * 40_000})
    assert refused.value.details["fields"] == [{"path": "", "message": "This nests too deeply."}]


class Texts(serializers.Serializer):
    one = serializers.JSONField(binary=True, required=False)
    many = serializers.ListField(child=serializers.JSONField(binary=True), required=False)
    named = serializers.DictField(child=serializers.JSONField(binary=True), required=False)
    plain = serializers.JSONField(required=False)
    seen = serializers.JSONField(binary=True, read_only=True)


class TextsWithin(serializers.Serializer):
    rows = Texts(many=True)


def crowded(brackets):
    return f"[{'[],' * (brackets - 2)}[]]"


@pytest.mark.parametrize(
    "data", [{"one": crowded(25_001)}, {"many": [crowded(25_001)]}, {"named": {"a": crowded(25_001)}}]
)
def test_texts_may_open_as_many_arrays_as_a_message(data):
    kind = SerializerType(TextsWithin)
    half = {"one": crowded(25_000)}
    assert len(kind.validate({"rows": [half, half]})["rows"]) == 2
    with pytest.raises(Refused, match="Expected at most 50,000 arrays and objects in texts"):
        kind.validate({"rows": [half, data]})


@pytest.mark.parametrize("name", ["plain", "seen"])
def test_others_are_not_looked_at(name):
    assert SerializerType(Texts).validate({name: crowded(60_000)}).keys() <= {"plain"}


def test_values_are_bounded():
    kind = Bounded(SerializerType(Numbers))
    assert len(kind.validate({"numbers": [1] * (MAX_VALUES - 1)})["numbers"]) == len(asked) == MAX_VALUES - 1


@pytest.mark.parametrize(
    "data",
    [
        {"numbers": ["x"] * MAX_VALUES},
        {"by_name": dict.fromkeys(map(str, range(MAX_VALUES)), "x")},
        {"json": [[1] * 2500, [1] * 2500]},
        {"wide": [{}] * (MAX_VALUES // 50)},
        {"one": {}, "wide": [1, *[{}] * (MAX_VALUES // 50)]},
        {"wide_by_name": {str(n): {} for n in range(MAX_VALUES // 50)}},
    ],
    ids=",".join,
)
def test_more_values_are_refused_before_the_serializer_is_asked(data):
    with pytest.raises(Refused) as caught:
        Bounded(SerializerType(Numbers)).validate(data)
    assert caught.value.code == "invalid_data"
    assert caught.value.details["fields"] == [{"path": "", "message": "Expected at most 5,000 values, got more."}]
    assert not asked


def test_fields_that_are_lacking_count_as_values():
    with pytest.raises(Refused) as caught:
        SerializerType(Numbers).validate({"wide": [{}] * 99})
    assert caught.value.details["fields"][0] == {"path": "wide.0.n0", "message": "This field is required."}
    assert len(asked) == 99 * 50


def test_fields_that_a_client_may_not_send_do_not_count():
    many = {f"n{n}": serializers.IntegerField(read_only=True) for n in range(50)}
    hidden = {f"h{n}": serializers.HiddenField(default=1) for n in range(50)}
    row = type("Row", (serializers.Serializer,), {"n": serializers.IntegerField(), **many, **hidden})

    class Rows(serializers.Serializer):
        rows = row(many=True, required=False)
        seen = Wide(many=True, read_only=True)

    kind = Bounded(SerializerType(Rows))
    assert len(kind.validate({"rows": [{"n": 1}] * 1000})["rows"]) == 1000
    assert kind.validate({"seen": [{}] * 1000}) == {}


class Price(serializers.DecimalField):
    def __init__(self, **kwargs):
        super().__init__(max_digits=None, decimal_places=2, **kwargs)


class Priced(serializers.Serializer):
    price = Price()


class Prices(serializers.Serializer):
    price = Price()
    rows = Priced(many=True, required=False)
    named = serializers.DictField(child=Price(), required=False)
    link = serializers.HyperlinkedRelatedField(view_name="x", queryset=Group.objects.all(), required=False)


class OwnPrices(Prices):
    def run_validation(self, data):
        return super().run_validation(data)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"price": 1e30}, "price"),
        ({"price": 1, "rows": [{"price": 1}, {"price": "1e30"}]}, "rows.*.price"),
        ({"price": 1, "named": {"a": 1e30}}, "named.*"),
        ({"price": 1, "link": "http://["}, "link"),
    ],
)
def test_what_the_framework_cannot_take_is_wrong(data, path):
    with pytest.raises(Refused) as caught:
        SerializerType(Prices).validate(data)
    assert caught.value.code == "invalid_data"
    assert caught.value.details["fields"] == [{"path": path, "message": "Enter a valid value."}]


def test_an_error_below_what_is_the_application_s_is_its_own():
    with pytest.raises(ArithmeticError):
        SerializerType(OwnPrices).validate({"price": 1e30})


ERRORS = [AttributeError("ours"), OverflowError("ours"), RecursionError("ours"), TypeError("ours"), ValueError("ours")]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("name", ["validate", "validate_price", "to_internal_value"])
def test_an_error_of_the_serializer_s_own_is_one(name, error):
    def fail(*_):
        raise error

    with pytest.raises(type(error), match="ours"):
        SerializerType(type("Own", (Prices,), {name: fail})).validate({"price": 1})


class RowOfGroup(serializers.ModelSerializer):
    class Meta:
        model = Group
        fields = ("name",)


class Groups(serializers.Serializer):
    keys = serializers.PrimaryKeyRelatedField(queryset=Group.objects.all(), many=True, required=False)
    names = serializers.SlugRelatedField(slug_field="name", queryset=Group.objects.all(), many=True, required=False)
    rows = RowOfGroup(many=True, required=False)
    one = serializers.PrimaryKeyRelatedField(queryset=Group.objects.all(), required=False)


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    with database_in(tmp_path_factory.mktemp("groups")):
        call_command("migrate", "auth", verbosity=0)
        yield Group.objects.create(name="tea")


def names(count):
    return [{"name": f"n{n}"} for n in range(count)]


def test_values_may_take_so_many_queries(group):
    kind, half = SerializerType(Groups), MAX_QUERIES // 2
    assert len(kind.validate({"keys": [group.pk] * half, "rows": names(half)})["rows"]) == half


@pytest.mark.parametrize(
    "data",
    [
        {"keys": [1] * (MAX_QUERIES + 1)},
        {"names": ["x"] * (MAX_QUERIES + 1)},
        {"rows": names(MAX_QUERIES + 1)},
        {"keys": [1] * MAX_QUERIES, "one": 1},
    ],
    ids=",".join,
)
def test_values_that_take_more_queries_are_refused_before_any(data):
    with pytest.raises(Refused) as caught:  # there is no database
        SerializerType(Groups).validate(data)
    message = "Expected at most 500 values that take a query each, got more."
    assert caught.value.details["fields"] == [{"path": "", "message": message}]


class AtOnce(serializers.ManyRelatedField):
    def to_internal_value(self, data):
        return list(Group.objects.filter(pk__in=data))


class OfMemory(serializers.PrimaryKeyRelatedField):
    def to_internal_value(self, data):
        return data


@pytest.mark.parametrize(
    "field",
    [
        AtOnce(child_relation=serializers.PrimaryKeyRelatedField(queryset=Group.objects.all())),
        OfMemory(queryset=Group.objects.all(), many=True),
    ],
)
def test_a_project_that_looks_up_all_at_once_may_get_more(group, field):
    kind = SerializerType(type("Own", (serializers.Serializer,), {"keys": field}))
    assert kind.validate({"keys": [group.pk] * 1000})["keys"]


class OfSomebody(serializers.Serializer):
    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)


class Upload(serializers.Serializer):
    paper = serializers.FileField()


class UploadPerhaps(serializers.Serializer):
    paper = serializers.FileField(required=False)
    picture = serializers.ImageField(read_only=True)
    none = serializers.FileField(allow_null=True)


class FileOfText(serializers.FileField):
    def to_internal_value(self, data):
        return data


class UploadAsText(serializers.Serializer):
    paper = FileOfText()


class UploadAtTimes(Upload):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["paper"].required = False


class UploadOfPermission(serializers.ModelSerializer):
    """One with all that a serializer may have without doing anything."""

    paper = serializers.ImageField(label=gettext_lazy("Paper"))
    items = Item(many=True)
    noted: int

    class Meta:
        model = Permission
        fields = ("id", "name", "paper", "items")


class NoUpload(UploadOfPermission):
    class Meta:
        model = Permission
        fields = ("id", "name")


class UploadBelow(UploadOfPermission):
    more = serializers.CharField()

    class Meta:
        model = Permission
        fields = "__all__"


@pytest.mark.parametrize(
    ("serializer", "reason"),
    [
        (OfSomebody, "is made of the data alone, but .* needs 'user'"),
        (Upload, "requires a file as 'paper'"),
        (UploadOfPermission, "requires a file as 'paper'"),
        (UploadBelow, "requires a file as 'paper'"),
    ],
)
def test_a_serializer_that_takes_no_data_is_refused(serializer, reason):
    with pytest.raises(TypeError, match=f"^{serializer.__name__} {reason}"):
        find_received(serializer)


@pytest.mark.parametrize("serializer", [Order, RowOfPermission, NoUpload, UploadPerhaps, UploadAsText, UploadAtTimes])
def test_a_serializer_of_which_data_may_be_valid_is_not(serializer):
    assert find_received(serializer)


@pytest.mark.parametrize(
    "name",
    [
        "get_fields",
        "fields",
        "_writable_fields",
        "validate",
        "validate_note",
        "validate_empty_values",
        "is_valid",
        "run_validation",
        "to_internal_value",
        "get_initial",
        "errors",
        "validated_data",
        "serializer_field_mapping",
        "_own",
    ],
)
def test_a_serializer_with_something_of_its_own_may_do_without_a_file(name):
    assert find_received(type("Own", (Upload,), {name: None}))
    assert find_received(type("Below", (type("Mixin", (), {name: None}), Upload), {}))


class UploadElsewhere(Upload):
    def validate_empty_values(self, data):
        return True, {"paper": data["paper"]}


class Packed(serializers.CharField):
    def get_value(self, dictionary):
        dictionary["paper"] = ContentFile(dictionary["packed"], name="paper")
        return super().get_value(dictionary)


class UploadByAnother(serializers.Serializer):
    packed = Packed()
    paper = serializers.FileField()


def test_a_default_of_another_field_may_do_as_it_likes():
    class WithDefault(Upload):
        user = serializers.HiddenField(default=serializers.CurrentUserDefault())

    assert find_received(WithDefault)


@pytest.mark.parametrize("serializer", [UploadElsewhere, UploadByAnother])
def test_what_is_of_a_serializer_s_own_may_bring_a_file(serializer):
    assert "paper" in find_received(serializer).validate({"paper": "x", "packed": "x"})


def with_a_file(data):
    return {**data, "paper": ContentFile(data["paper"], name="paper")}


class UploadInText(Upload):
    def to_internal_value(self, data):
        return super().to_internal_value(with_a_file(data))


class UploadInRun(Upload):
    def run_validation(self, data):
        return super().run_validation(with_a_file(data))


class UploadOfText(Upload):
    def get_fields(self):
        return {"paper": FileOfText()}


class FileInText(serializers.FileField):
    def get_value(self, dictionary):
        return with_a_file(dictionary)["paper"]


class UploadByField(serializers.Serializer):
    paper = FileInText()


@pytest.mark.parametrize("serializer", [UploadInText, UploadInRun, UploadOfText, UploadByField])
def test_a_serializer_that_makes_a_file_of_a_text_gets_it(serializer):
    paper = find_received(serializer).validate({"paper": "x"})["paper"]
    assert (paper if isinstance(paper, str) else paper.read()) == "x"
