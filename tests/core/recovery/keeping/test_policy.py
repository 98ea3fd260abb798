"""Which events of a path are numbered and kept, and how they look on the wire."""

import json

import pytest

from tornado_websockets.core.delivery.keeper import Place
from tornado_websockets.core.recovery.keeping.policy import Policy

TEXT = '{"event":"track","data":{}}'


@pytest.mark.parametrize("sender", ["A", 'a"b', "é", "\ud800", "\n\\", "</script>"])
def test_a_frame_is_json_that_can_be_written_whatever_the_sender_calls_itself(sender):
    frame = Policy(history=20).frame_of(TEXT, Place(sender, 7))
    assert json.loads(frame.encode("ascii")) == {"event": "track", "data": {}, "at": f"{sender}.7"}
    assert "</" not in frame


def test_a_frame_has_no_place_where_nothing_can_be_asked_for():
    assert Policy(retain=frozenset({"track"})).frame_of(TEXT, Place("A", 7)) == TEXT
