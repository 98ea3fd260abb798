"""Django's forms as types: what arrives, what is refused, what they look like in JSON."""

import json
import threading

import pytest
from django import forms
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm
from django.contrib.auth.models import Group, Permission
from django.contrib.postgres.forms import HStoreField, SimpleArrayField, SplitArrayField
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection, connections
from django.utils.translation import gettext_lazy

from tests.support.databases import database_in
from tests.support.waiting import until
from tests.tornado.application import serving
from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import MAX_VALUES, Bounded
from tornado_websockets.schema.forms import MAX_COMPARED, FormType
from tornado_websockets.schema.registry import find_received
from tornado_websockets.websocket import WebSocket
from tornado_websockets.websockethandler import WebSocketHandler


class Everything(forms.Form):
    text = forms.CharField(max_length=10, min_length=2)
    number = forms.IntegerField(min_value=1, max_value=9)
    ratio = forms.FloatField(required=False)
    price = forms.DecimalField(required=False)
    agreed = forms.BooleanField(required=False)
    perhaps = forms.NullBooleanField(required=False)
    day = forms.DateField(required=False)
    at = forms.DateTimeField(required=False)
    email = forms.EmailField(required=False)
    id = forms.UUIDField(required=False)
    json = forms.JSONField(required=False)
    size = forms.ChoiceField(choices=[("s", "Small"), ("Large ones", [("l", "L"), ("xl", "XL")])])
    tags = forms.MultipleChoiceField(choices=[(1, "one"), (2, "two")], required=False)
    maybe = forms.ChoiceField(choices=[("a", "A")], required=False)


SEEN = {
    "text": {"type": "string", "maxLength": 10, "minLength": 2},
    "number": {"type": "integer", "minimum": 1, "maximum": 9},
    "ratio": {"type": "number"},
    "price": {"type": ["number", "string"]},
    "agreed": {"type": "boolean"},
    "perhaps": {"type": ["boolean", "null"]},
    "day": {"type": "string", "format": "date"},
    "at": {"type": "string", "format": "date-time"},
    "id": {"type": "string", "format": "uuid"},
    "json": {"type": ["object", "array", "string", "number", "boolean", "null"]},
    "size": {"enum": ["s", "l", "xl"]},
    "tags": {"type": "array", "items": {"enum": ["", "1", "2"]}},
    "maybe": {"enum": ["", "a"]},
}

VALID = {"text": "abc", "number": 3, "size": "xl", "tags": ["1"], "agreed": True, "json": {"a": 1}}


def test_handler_gets_cleaned_data():
    cleaned = FormType(Everything).validate({**VALID, "day": "2020-02-29"})
    assert (cleaned["text"], cleaned["number"], cleaned["tags"], cleaned["agreed"]) == ("abc", 3, ["1"], True)
    assert cleaned["day"].year == 2020
    assert cleaned["json"] == {"a": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "Expected at most 50,000 arrays and objects in texts, got more."),
        ("[" * 20_000, "Enter a valid JSON."),
    ],
)
def test_a_text_that_holds_too_much_is_refused(text, message):
    with pytest.raises(Refused) as refused:
        FormType(Everything).validate({**VALID, "json": text})
    assert [each["message"] for each in refused.value.details["fields"]] == [message]


class MadeLater(forms.Form):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["json"] = forms.JSONField()


class MadeOfOthers(forms.Form):
    json = forms.ComboField(fields=[forms.CharField(), forms.JSONField()])


class MadeOfAnother(forms.Form):
    json = SimpleArrayField(forms.JSONField(), delimiter=";")


class MadeByName(forms.Form):
    json = HStoreField()


@pytest.mark.parametrize("form", [MadeLater, MadeOfOthers, MadeOfAnother, MadeByName])
def test_the_same_of_any_field_that_decodes_texts(form):
    with pytest.raises(Refused, match="Expected at most 50,000 arrays and objects in texts"):
        FormType(form).validate({"json": f"[{'[],' * 50_000}[]]"})


class OnlyText(forms.Form):
    text = forms.CharField()


def test_other_texts_may_have_any_brackets():
    assert FormType(OnlyText).validate({"text": "[]" * 60_000})["text"] == "[]" * 60_000


@pytest.mark.parametrize(
    ("tags", "found"), [("1", ["1"]), (["1"], ["1"]), (["1", "2"], ["1", "2"]), ([], []), (1, ["1"])]
)
def test_a_name_that_may_have_several_values_may_have_one(tags, found):
    assert FormType(Everything).validate({**VALID, "tags": tags})["tags"] == found


def test_of_several_values_the_last_counts_as_it_does_where_a_page_is_posted():
    assert FormType(Everything).validate({**VALID, "text": ["one", "two"]})["text"] == "two"


def test_a_list_may_be_the_value_of_a_field_of_json():
    assert FormType(Everything).validate({**VALID, "json": [1, 2]})["json"] == [1, 2]


@pytest.mark.parametrize("value", [{"x": 1}, [{"x": 1}], [["x"]], {}], ids=repr)
@pytest.mark.parametrize("name", ["text", "number", "tags", "size"])
def test_what_is_in_objects_fits_no_other_field(name, value):
    with pytest.raises(Refused) as caught:
        FormType(Everything).validate({**VALID, name: value})
    assert [field["path"] for field in caught.value.details["fields"]] == [name]


def test_errors_are_the_fields():
    with pytest.raises(Refused) as caught:
        FormType(Everything).validate({**VALID, "text": "a", "number": "many"})
    assert [field["path"] for field in caught.value.details["fields"]] == ["text", "number"]


@pytest.mark.parametrize("name", SEEN)
def test_field_has_a_schema(name):
    assert FormType(Everything).schema(is_sent=False)["properties"][name] == SEEN[name]


def test_schema_tells_what_is_required():
    schema = FormType(Everything).schema(is_sent=False)
    assert (schema["title"], schema["required"]) == ("Everything", ["text", "number", "size"])


class Times(forms.Form):
    day = forms.DateField(required=False)
    at = forms.DateTimeField(required=False)
    time = forms.TimeField(required=False)
    perhaps = forms.NullBooleanField(required=False)


@pytest.mark.parametrize("name", ["day", "at", "time", "perhaps"])
@pytest.mark.parametrize("value", [[[1]], {"a": 1}], ids=repr)
def test_what_no_page_would_send_is_wrong_and_no_error_of_the_form(name, value):
    with pytest.raises(Refused) as caught:
        FormType(Times).validate({name: value})
    [field] = caught.value.details["fields"]
    assert field["path"] == name


@pytest.mark.parametrize("name", ["day", "at", "time"])
def test_a_number_is_no_date(name):
    with pytest.raises(Refused) as caught:
        FormType(Times).validate({name: 5})
    assert [field["path"] for field in caught.value.details["fields"]] == [name]


@pytest.fixture(scope="module")
def groups(tmp_path_factory):
    with database_in(tmp_path_factory.mktemp("groups")):
        call_command("migrate", "auth", verbosity=0)
        yield


class OwnFloat(forms.FloatField):
    def to_python(self, value):
        return super().to_python(value)


class OwnDecoder(json.JSONDecoder):
    def decode(self, text):
        return super().decode(text)


def form_of(field, **own):
    return type("Own", (forms.Form,), {"own": field, **own})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (forms.FloatField(), 10**400),
        (forms.ComboField(fields=[forms.FloatField()]), 10**400),
        (forms.IntegerField(step_size=3), 10**400),
        (forms.FloatField(step_size=0.1), 10**400),
        (forms.DecimalField(step_size=0.1), "1e400"),
        (forms.JSONField(), "9" * 5000),
        (HStoreField(), "9" * 5000),
        (SimpleArrayField(forms.FloatField()), 1),
    ],
)
def test_what_a_field_of_django_cannot_take_is_wrong_and_no_error_of_the_form(field, value):
    with pytest.raises(Refused) as caught:
        FormType(form_of(field)).validate({"own": value})
    assert caught.value.code == "invalid_data"
    assert [each["path"] for each in caught.value.details["fields"]] == ["own"]


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        (OwnFloat(), 10**400, OverflowError),
        (forms.JSONField(decoder=OwnDecoder), "9" * 5000, ValueError),
        (forms.IntegerField(validators=[lambda value: json.dumps({value})]), 1, TypeError),
    ],
)
def test_an_error_below_what_is_the_application_s_is_its_own(field, value, error):
    with pytest.raises(error):
        FormType(form_of(field)).validate({"own": value})


def logging_queries(execute, *args):
    return execute(*args)


@pytest.mark.usefixtures("groups")
def test_a_key_that_the_database_cannot_take_is_wrong_where_no_queries_go_through_the_application(monkeypatch):
    monkeypatch.setattr(connections["default"], "execute_wrappers", [])
    kind = FormType(form_of(forms.ModelMultipleChoiceField(Group.objects.all())))
    with pytest.raises(Refused) as caught:
        kind.validate({"own": [2**63]})
    assert [each["path"] for each in caught.value.details["fields"]] == ["own"]
    with connection.execute_wrapper(logging_queries), pytest.raises(OverflowError):
        kind.validate({"own": [2**63]})


def failing_with(error):
    def fail(*_):
        raise error

    return fail


ERRORS = [AttributeError("ours"), TypeError("ours"), ValueError("ours"), OverflowError("ours"), RecursionError("ours")]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("name", ["clean", "clean_own", "full_clean", "add_prefix"])
def test_an_error_of_the_form_s_own_is_one(name, error):
    form = form_of(forms.CharField(), later=forms.FloatField(), **{name: failing_with(error)})
    with pytest.raises(type(error), match="ours"):
        FormType(form).validate({"own": "x", "later": 1})


def test_an_error_of_the_form_s_own_is_one_whatever_else_is_wrong():
    form = form_of(forms.CharField(), later=forms.FloatField(), clean_own=failing_with(ValueError("ours")))
    with pytest.raises(ValueError, match="ours"):
        FormType(form).validate({"own": "x", "later": 10**400})


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_error_of_a_validator_of_the_application_is_one(error):
    with pytest.raises(type(error), match="ours"):
        FormType(form_of(forms.CharField(validators=[failing_with(error)]))).validate({"own": "x"})


class Broken(forms.CharField):
    def to_python(self, value):
        return super().to_python(value).missing


def test_an_error_of_a_field_of_the_application_is_one():
    with pytest.raises(AttributeError, match="missing"):
        FormType(form_of(Broken())).validate({"own": "x"})


class Pairs(forms.MultiValueField):
    """Two fields, each of which splits a text."""

    def __init__(self):
        fields = [SimpleArrayField(forms.IntegerField()), SimpleArrayField(forms.IntegerField())]
        super().__init__(fields, widget=forms.MultiWidget([forms.TextInput, forms.TextInput]))

    def compress(self, values):
        return values


def texts(*counts):
    return [",".join(["1"] * count) for count in counts]


NUMBERS = SimpleArrayField(forms.IntegerField())
ROWS = SimpleArrayField(SimpleArrayField(forms.IntegerField()), delimiter=";")


@pytest.mark.parametrize(
    ("fields", "names", "counts"),
    [
        ([NUMBERS], ["f0"], [5000]),
        ([NUMBERS, NUMBERS], ["f0", "f1"], [2500, 2500]),
        ([SplitArrayField(NUMBERS, 2)], ["f0_0", "f0_1"], [2500, 2500]),
        ([Pairs()], ["f0_0", "f0_1"], [2500, 2500]),
    ],
    ids=["one", "two", "split", "pairs"],
)
def test_a_text_becomes_no_more_values_than_data_may_have(fields, names, counts):
    kind = FormType(type("Own", (forms.Form,), {f"f{n}": field for n, field in enumerate(fields)}))
    assert kind.validate(dict(zip(names, texts(*counts), strict=True)))
    more = dict(zip(names, texts(*counts[:-1], 5001), strict=True))
    with pytest.raises(Refused) as caught:
        kind.validate(more)
    assert caught.value.code == "invalid_data"
    assert caught.value.details["fields"] == [{"path": "", "message": "Expected at most 5,000 values, got more."}]


def test_values_of_texts_that_are_split_twice_count_with_those_of_the_first_time():
    kind = FormType(form_of(ROWS))
    assert len(kind.validate({"own": ";".join(texts(*[4] * 1000))})["own"]) == 1000
    with pytest.raises(Refused, match="Expected at most 5,000 values"):
        kind.validate({"own": ";".join(texts(*[4] * 1001))})


def test_texts_of_other_fields_may_have_any_commas():
    form = form_of(NUMBERS, text=forms.CharField())
    assert FormType(form).validate({"own": "1,2", "text": "," * 9000}) == {"own": [1, 2], "text": "," * 9000}


CHOICES = [("A to Z", [(n, n) for n in range(1000)])]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (forms.MultipleChoiceField(choices=CHOICES), list),
        (SimpleArrayField(forms.ChoiceField(choices=CHOICES)), lambda values: ",".join(map(str, values))),
    ],
)
def test_values_that_are_compared_with_choices_are_bounded(field, values):
    kind = FormType(form_of(field))
    assert len(kind.validate({"own": values(range(1000))})["own"]) * 1000 == MAX_COMPARED
    with pytest.raises(Refused) as caught:
        kind.validate({"own": values([999] * 1001)})
    assert caught.value.details["fields"] == [
        {"path": "own", "message": "Expected at most 1,000 of these choices, got more."}
    ]


def test_values_of_all_fields_are_compared_with_so_many_choices_together():
    fields = {f"f{n}": forms.MultipleChoiceField(choices=CHOICES, required=False) for n in range(3)}
    kind = FormType(type("Own", (forms.Form,), fields))
    data = {"f0": [999] * 600, "f1": [999] * 400, "f2": [999]}
    assert len(kind.validate(data)["f1"]) == 400
    with pytest.raises(Refused) as caught:
        kind.validate(data | {"f1": [999] * 401})
    assert caught.value.details["fields"] == [
        {"path": "f1", "message": "Expected at most 400 of these choices, got more."}
    ]


@pytest.mark.usefixtures("groups")
def test_texts_that_are_keys_are_no_more_than_queries_take_time_for():
    group = Group.objects.create(name="tea")
    kind = FormType(form_of(SimpleArrayField(forms.ModelChoiceField(Group.objects.all()))))
    assert kind.validate({"own": ",".join([str(group.pk)] * 500)})["own"] == [group] * 500
    with pytest.raises(Refused, match="Expected at most 500 of these choices"):
        kind.validate({"own": ",".join(["1"] * 501)})


def test_values_are_bounded():
    kind = Bounded(FormType(Everything))
    assert len(kind.validate({**VALID, "json": [1] * 4900})["json"]) == 4900
    with pytest.raises(Refused) as caught:
        kind.validate({**VALID, "tags": ["x"] * MAX_VALUES})
    assert caught.value.code == "invalid_data"
    assert caught.value.details["fields"] == [{"path": "", "message": "Expected at most 5,000 values, got more."}]


def test_a_form_with_too_many_values_is_not_made():
    class Never(forms.Form):
        def __init__(self, data):
            raise AssertionError

    with pytest.raises(Refused):
        Bounded(FormType(Never)).validate({"x": [1] * MAX_VALUES})


class OfSomebody(forms.Form):
    text = forms.CharField()

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)


def test_a_form_that_needs_more_than_data_is_refused_and_what_it_needs_is_named():
    with pytest.raises(TypeError, match=r"^OfSomebody is made of the data alone, but .* needs 'user'\."):
        find_received(OfSomebody)


class OfAnything(Everything):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


class OfWhateverComes(Everything):
    def __init__(self, *args):
        super().__init__(*args)


class OfAWord(Everything):
    def __init__(self, posted):
        super().__init__(posted)


class OfAnybody(Everything):
    def __init__(self, user=None, data=None):
        super().__init__(data)


class OfAnybodyByName(Everything):
    def __init__(self, *args, user=None, **kwargs):
        super().__init__(*args, **kwargs)


class ByNameAlone(Everything):
    def __init__(self, *, data):
        super().__init__(data)


class ByAnyName(Everything):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)


class OfTheRest(OfWhateverComes):
    def __init__(self, user=None, *, data):
        super().__init__(data)


@pytest.mark.parametrize(
    "form",
    [
        Everything,
        OfAnything,
        OfWhateverComes,
        OfAWord,
        OfAnybody,
        OfAnybodyByName,
        ByNameAlone,
        ByAnyName,
        OfTheRest,
    ],
)
def test_a_form_that_can_be_made_of_data_gets_them(form):
    assert find_received(form).validate(VALID)["number"] == 3


class OfPosted(Everything):
    def __init__(self, post_data=None, *args, **kwargs):
        super().__init__(post_data, *args, **kwargs)


class OfAPayload(Everything):
    def __init__(self, payload, **kwargs):
        super().__init__(payload, **kwargs)


class OfPostedInside(OfPosted):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


class OfWhateverComesInside(OfWhateverComes):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)


class OfPostedAndFiles(Everything):
    def __init__(self, posted=None, files=None):
        super().__init__(posted, files)


class OfPostedByName(Everything):
    def __init__(self, *, posted=None):
        super().__init__(posted)


class OfDataUnnamed(Everything):
    def __init__(self, data, /, **kwargs):
        super().__init__(data, **kwargs)


class OfNothing(Everything):
    def __init__(self):
        super().__init__({})


@pytest.mark.parametrize(
    ("form", "owner"),
    [
        (OfPosted, "OfPosted"),
        (OfPostedInside, "OfPosted"),
        (OfAPayload, "OfAPayload"),
        (OfWhateverComesInside, "OfWhateverComes"),
        (OfPostedAndFiles, "OfPostedAndFiles"),
        (OfPostedByName, "OfPostedByName"),
        (OfDataUnnamed, "OfDataUnnamed"),
        (OfNothing, "OfNothing"),
    ],
)
def test_a_form_that_does_not_say_where_the_data_go_is_refused(form, owner):
    with pytest.raises(TypeError, match=rf"^Expected the __init__ of {owner} to take 'data' by name, got \(self"):
        find_received(form)


class OfAGroup(forms.ModelForm):
    class Meta:
        model = Group
        fields = ("name",)


class Login(AuthenticationForm):
    remember = forms.BooleanField(required=False)


@pytest.mark.parametrize("form", [OfAGroup, UserCreationForm, Login])
def test_forms_of_models_and_of_django_can_be_made(form):
    assert find_received(form)


class Upload(forms.Form):
    paper = forms.FileField()
    note = forms.CharField()


class UploadPerhaps(forms.Form):
    paper = forms.FileField(required=False)
    picture = forms.ImageField(disabled=True)
    before = forms.FileField(initial="paper.pdf")


class UploadAsText(forms.Form):
    paper = forms.FileField(widget=forms.Textarea)


class UploadAtTimes(Upload):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["paper"].required = False


class UploadOfAGroup(forms.ModelForm):
    """One with all that a form may have without doing anything."""

    paper = forms.ImageField(label=gettext_lazy("Paper"), widget=forms.FileInput)
    permissions = forms.ModelMultipleChoiceField(Permission.objects.all())
    size = forms.ChoiceField(choices=[("s", "Small")])
    noted: int

    class Meta:
        model = Group
        fields = ("name", "permissions")

    class Media:
        js = ("upload.js",)


class UploadBelow(UploadOfAGroup):
    more = forms.CharField()


@pytest.mark.parametrize("form", [Upload, UploadOfAGroup, UploadBelow])
def test_a_form_that_requires_a_file_is_refused(form):
    with pytest.raises(TypeError, match=rf"^{form.__name__} requires a file as 'paper', which JSON cannot have"):
        find_received(form)


@pytest.mark.parametrize(
    "name",
    [
        "clean",
        "clean_note",
        "full_clean",
        "_clean_fields",
        "_clean_form",
        "_post_clean",
        "add_error",
        "is_valid",
        "get_initial_for_field",
        "errors",
        "bound_field_class",
        "default_renderer",
        "__getitem__",
        "_own",
    ],
)
def test_a_form_with_something_of_its_own_may_do_without_a_file(name):
    assert find_received(type("Own", (Upload,), {name: None}))
    assert find_received(type("Below", (type("Mixin", (), {name: None}), Upload), {}))


def test_a_form_of_a_metaclass_of_its_own_may_do_without_a_file():
    assert find_received(type("Meta", (type(Upload),), {})("Own", (Upload,), {}))


class UploadForgiven(Upload):
    note = forms.CharField(required=False)

    def clean(self):
        del self._errors["paper"]


def test_a_form_that_forgives_a_lacking_file_is_valid_without():
    assert find_received(UploadForgiven).validate({}) == {"note": ""}


class Unpacking(forms.TextInput):
    def value_from_datadict(self, data, files, name):
        files["paper"] = ContentFile(data[name], name="paper")


class Packed(forms.CharField):
    def get_bound_field(self, form, name):
        form.files = {"paper": ContentFile(form.data[name], name="paper")}
        return super().get_bound_field(form, name)


@pytest.mark.parametrize("field", [forms.CharField(widget=Unpacking, required=False), Packed()])
def test_another_field_may_bring_a_file(field):
    kind = find_received(type("Own", (forms.Form,), {"packed": field, "paper": forms.FileField()}))
    assert kind.validate({"packed": "x"})["paper"].read() == "x"


def _reads_text(data, initial=None):
    return data


def test_a_field_that_was_given_a_way_of_its_own_needs_no_file():
    field = forms.FileField()
    field.clean = _reads_text
    assert find_received(type("Own", (forms.Form,), {"paper": field}))


@pytest.mark.parametrize("form", [UploadPerhaps, UploadAsText, UploadAtTimes])
def test_a_form_that_may_do_without_a_file_is_none_the_worse(form):
    assert find_received(form)


class FileInText(forms.FileInput):
    def value_from_datadict(self, data, files, name):
        return ContentFile(data.get(name), name=name)


class OfText(forms.FileField):
    def to_python(self, data):
        return ContentFile(data, name="paper")


class TextInput(forms.TextInput):
    needs_multipart_form = True


class UploadByWidget(forms.Form):
    paper = forms.FileField(widget=FileInText)


class UploadByField(forms.Form):
    paper = OfText(widget=TextInput)


class UploadByForm(Upload):
    note = None

    def full_clean(self):
        self.files = {"paper": ContentFile(self.data["paper"], name="paper")}
        super().full_clean()


@pytest.mark.parametrize("form", [UploadByWidget, UploadByField, UploadByForm])
def test_a_form_that_makes_a_file_of_a_text_gets_it(form):
    assert find_received(form).validate({"paper": "x"})["paper"].read() == "x"


class AnyFile(forms.FileField):
    def clean(self, data, initial=None):
        return data


def test_a_field_that_is_clean_in_a_way_of_its_own_needs_no_file():
    assert find_received(type("Cleaned", (forms.Form,), {"paper": AnyFile()})).validate({}) == {"paper": None}


@pytest.mark.parametrize(("concurrency", "at_a_time"), [(None, 2), (1, 2), (5, 5)])
async def test_two_are_looked_at_at_a_time_or_as_many_as_there_may_be_handlers(concurrency, at_a_time):
    asked, here, most, released = [], [], [], threading.Event()
    ws = WebSocket("/forms", add_to_handlers=False, concurrency=concurrency)

    class Slow(forms.Form):
        def clean(self):
            here.append(self)
            released.wait(10)
            most.append(len(here))
            here.remove(self)

    async def may():
        asked.append(1)
        return True

    @ws.on_event("fill", allow=may)
    async def fill(data: Slow):
        """Take what was looked at."""

    async with serving(("/ws/forms", WebSocketHandler, {"websocket": ws})) as server:
        for _ in range(10):
            client = await server.connect("/ws/forms")
            await client.emit("fill", {})
        await until(lambda: len(asked) == 10 and len(here) == at_a_time)
        released.set()
        await until(lambda: len(most) == 10)
    assert max(most) == at_a_time
