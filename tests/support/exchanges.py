"""The table of exchanges, which holds over every transport."""

import json

from .exchange import Exchange, Frame, alone, among, error, event, form, nested, refused, reply, sized, text, values

FRAMES = [
    alone("data go to the handler", event("echo", {"a": [1, None]}), event("echo", {"a": [1, None]})),
    alone("missing data are empty", {"event": "echo"}, event("echo", {})),
    alone("null data are empty", {"event": "echo", "data": None}, event("echo", {})),
    *(
        alone(f"empty data {data!r} are empty", {"event": "echo", "data": data}, event("echo", {}))
        for data in values({}, [], "")
    ),
    alone("other keys are nobody's", {"event": "echo", "data": {}, "else": 1}, event("echo", {})),
    alone("unicode arrives", '{"event": "echo", "data": {"é": "☃\\ud83d\\ude00"}}', event("echo", {"é": "☃😀"})),
    alone("64 levels are taken", nested(64), json.loads(nested(64))),
    alone("1,000,000 bytes are taken", sized(1_000_000), json.loads(sized(1_000_000))),
    refused("empty text", "", "invalid_json"),
    refused("no JSON", "hello", "invalid_json"),
    refused("half an object", '{"event": "echo"', "invalid_json"),
    refused("NaN", '{"event": "echo", "data": {"x": NaN}}', "invalid_json"),
    refused("infinity", '{"event": "echo", "data": {"x": -Infinity}}', "invalid_json"),
    refused("number out of range", '{"event": "echo", "data": {"x": 1e999}}', "invalid_json"),
    refused("integer of 5,000 digits", '{"event": "echo", "data": {"x": ' + "9" * 5_000 + "}}", "invalid_json"),
    refused("half a surrogate pair", '{"event": "echo", "data": {"x": "\\ud800"}}', "invalid_json"),
    *(
        refused(f"JSON but no object: {value}", value, "invalid_json")
        for value in ("[]", "1", "null", "true", '"echo"')
    ),
    refused("no event", {}, "missing_event"),
    refused("data only", {"data": {}}, "missing_event"),
    *(refused(f"event {value!r}", {"event": value}, "missing_event") for value in values(None, 1, "", ["echo"], {})),
    *(refused(f"event {name!r}", {"event": name}, "unknown_event") for name in ("nobody", "ECHO", "__init__", "é\0")),
    *(refused(f"event {name!r}", {"event": name}, "reserved_event") for name in ("open", "close")),
    *(
        refused(f"data {value!r}", {"event": "echo", "data": value}, "invalid_data")
        for value in values(1, 0, True, False, "text", [1], [{}])
    ),
    refused("65 levels", nested(65), "too_deep"),
    refused("2,000 levels that are no object", "[" * 2_000 + "]" * 2_000, "too_deep"),
    refused("100,000 levels", "[" * 100_000, "too_deep"),
    refused("1,000,001 bytes", sized(1_000_001), "too_large"),
    refused("1,000,002 bytes in 500,000 letters", sized(1_000_002, "é"), "too_large"),
    refused("binary", b'{"event": "echo"}', "binary"),
    refused("binary of no bytes", b"", "binary"),
    refused("binary that is no text", b"\xff\x00", "binary"),
    refused("binary of 1,000,001 bytes", b"x" * 1_000_001, "too_large"),
    refused("handler that raises", {"event": "fail"}, "handler_error", ("The handler of 'fail' failed",)),
    refused("async handler that raises", {"event": "afail"}, "handler_error", ("The handler of 'afail' failed",)),
]

REPLIES = [
    *(
        alone(f"id {id!r}", {"event": "give", "data": {"back": 1}, "id": id}, reply(id, 1))
        for id in ("a", "", 7, 0, -(2**70))
    ),
    *(
        alone(f"reply of {name}: {back!r}", {"event": name, "data": {"back": back}, "id": 1}, reply(1, back))
        for name in ("give", "agive")
        for back in ({"a": 1}, [1], "text", False, 0)
    ),
    *(alone(f"reply of {name} without a result", {"event": name, "id": 1}, reply(1, {})) for name in ("give", "agive")),
    alone("no id, no reply", {"event": "give", "data": {"back": 1}}),
    alone("null is no id", {"event": "give", "data": {"back": 1}, "id": None}),
    alone(
        "reply comes after what was emitted",
        {"event": "echo_and_give", "id": 1},
        event("echo"),
        reply(1, {"given": True}),
    ),
    *(refused(f"id {id!r}", {"event": "give", "id": id}, "invalid_data") for id in (1.5, True, [1], {"a": 1})),
    alone("refused with id: no event", {"id": 1}, error(1, "missing_event")),
    alone("refused with id: unknown event", {"event": "nobody", "id": "x"}, error("x", "unknown_event")),
    alone("refused with id: reserved event", {"event": "open", "id": 0}, error(0, "reserved_event")),
    alone("refused with id: data", {"event": "echo", "data": 1, "id": 1}, error(1, "invalid_data")),
    alone("refused with id: too deep", nested(65, id=1), error(1, "too_deep")),
    alone("refused with id: 200,000 levels", nested(200_000, id=1), error(1, "too_deep")),
    alone("refused with id: too many lists", event("echo", {"x": [[]] * 50_000}) | {"id": 1}, error(1, "too_deep")),
    alone("refused with id: too large", sized(1_000_000)[:-1] + ', "id": 1}', error(1, "too_large")),
    *(
        alone(
            f"refused with id: {value}",
            f'{{"event": "echo", "data": {{"x": {value}}}, "id": 1}}',
            error(1, "invalid_json"),
        )
        for value in (r'"\ud83d"', "1e999", "NaN")
    ),
    alone("refused with id: bad syntax", '{"event": "echo", "id": 1, "data": {x: 1}}', error(1, "invalid_json")),
    refused("id of data that lack a brace", '{"event": "echo", "data": {"id": 1}', "invalid_json"),
    *(
        alone(
            f"failed with id: {name}", {"event": name, "id": 1}, error(1, "handler_error"), logs=(f"{name!r} failed",)
        )
        for name in ("fail", "afail", "give_a_set")
    ),
]

TYPES = [
    alone(
        "what Django can serialise",
        {"event": "types"},
        '{"event":"types","data":{"datetime":"2020-02-29T12:30:15.123Z","date":"2020-02-29","time":"12:30:15",'
        '"timedelta":"P1DT00H00M02S","decimal":"1.10","uuid":"00000000-0000-0000-0000-000000000001","lazy":"lazy",'
        '"inside":[{"uuid":"00000000-0000-0000-0000-000000000002"}]}}',
    ),
    alone(
        "nothing closes a script element",
        {"event": "script"},
        '{"event":"<\\/script>","data":{"<\\/script>":"<\\/script><!-- \\u00e9 \\u2603 \\ud83d\\ude00 \\u2028"}}',
    ),
    alone(
        "replies close no script element",
        {"event": "give", "data": {"back": "</"}, "id": "</"},
        '{"event":"reply","id":"<\\/","data":"<\\/"}',
    ),
    alone(
        "what JSON cannot hold raises in the caller",
        {"event": "unsayable", "id": 1},
        reply(
            1,
            {
                "nan": "ValueError",
                "infinity": "ValueError",
                "set": "TypeError",
                "object": "TypeError",
                "bytes": "TypeError",
                "itself": "ValueError",
                "deep": "ValueError",
            },
        ),
    ),
]

_ALL = {"self": "the context", "path": "/forms/a-name/42", "data": {"a": 1}, "name": "a-name", "number": 42}

FORMS = [
    form("nothing", {"took": []}),
    form("only_data", {"data": {"a": 1}}, {"a": 1}),
    form("only_socket", {"path": "/forms/a-name/42"}),
    form("only_self", {"self": "the context"}),
    form("only_number", {"number": 42}),
    form("everything", _ALL, {"a": 1}),
    form("reversed_", _ALL, {"a": 1}),
    form("by_position", {"data": {}, "number": 42}),
    form("by_keyword", {"data": {}, "number": 42}),
    form("with_default", {"data": {"limit": 5}, "limit": 10}, {"limit": 5}),
    form("the_rest", {"number": 42, "rest": ["data", "name", "socket"], "name": "a-name"}),
    form("async_def", {"async": {"a": 1}}, {"a": 1}),
    form("tornado_coroutine", {"coroutine": {"a": 1}}, {"a": 1}, (event("from a coroutine", {"a": 1}),)),
    form("returns_coroutine", {"later": {"a": 1}}, {"a": 1}),
    form("returns_promise", {"promised": {"a": 1}}, {"a": 1}),
    form("cached", {"cached": True}),
    Exchange(
        "methods share their object",
        "/counter",
        (
            (0, text({"event": "reset"})),
            (0, text({"event": "add", "id": 1})),
            (1, text({"event": "add", "data": {"n": 5}, "id": 2})),
        ),
        ((event("reset", {"count": 0}), reply(1, {"count": 1})), (reply(2, {"count": 6}),)),
    ),
    Exchange("bound methods", "/bound", ((0, text({"event": "greet"})),), ((event("greeting", {"word": "hello"}),),)),
    Exchange(
        "converted parameters",
        "/diary/2020-02-29/7",
        ((0, text({"event": "types", "id": 1})),),
        ((reply(1, {"day": "date", "page": "int", "sum": 2027}),),),
    ),
]

_HELLO = [event("hello", {"you": number}) for number in (1, 2, 3)]


def _hears(own: list[Frame], others: list[Frame]) -> tuple[tuple[Frame, ...], ...]:
    return (_HELLO[0], *others), (_HELLO[1], *own), (_HELLO[2], *others)


_SAID = event("said", {"by": 2, "a": 1})
_TOLD = event("told", {"a": 1})
_STRING = {"message": "a string"}
_MIXED_OWN = [event(name, {"n": number}) for number in range(10) for name in ("all", "one")]
_MIXED_OTHERS = [event(name, {"n": number}) for number in range(10) for name in ("all", "rest")]

SENDING = [
    among("socket.emit reaches that client", event("whisper", {"a": 1}), *_hears([event("whispered", {"a": 1})], [])),
    *(
        among(f"ws.emit in {name} reaches every client", event(name, {"a": 1}), *_hears([_SAID], [_SAID]))
        for name in ("say", "asay")
    ),
    *(
        among(
            f"broadcast in {name} reaches every other client",
            event(name, {"a": 1}),
            *_hears([], [_TOLD]),
        )
        for name in ("tell_others", "atell_others")
    ),
    among(
        "a string is a message",
        event("shout"),
        *_hears(
            [event("mine", _STRING), event("shouted", _STRING)],
            [event("shouted", _STRING), event("for others", _STRING)],
        ),
    ),
    among(
        "data may be left out",
        event("nothing"),
        *_hears([event("mine"), event("nothing")], [event("nothing"), event("for others")]),
    ),
    *(
        among(f"order of {name} is the program's", event(name), *_hears(_MIXED_OWN, _MIXED_OTHERS))
        for name in ("mixed", "amixed")
    ),
    among(
        "emit_warning",
        event("warn"),
        *_hears(
            [
                event("warning", {"message": "careful"}),
                event("warning", {"message": "careful", "code": "code"}),
            ],
            [],
        ),
    ),
]

EXCHANGES = [*FRAMES, *REPLIES, *TYPES, *FORMS, *SENDING]
