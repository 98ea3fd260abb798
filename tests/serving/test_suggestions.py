import pytest

from tornado_websockets.serving.suggestions import did_you_mean


@pytest.mark.parametrize(
    ("name", "names", "suggestion"),
    [("sya", ["say", "join"], "Did you mean 'say'? "), ("xyz", ["say"], ""), ("say", [], "")],
)
def test_suggests_what_is_alike(name, names, suggestion):
    assert did_you_mean(name, names) == suggestion
