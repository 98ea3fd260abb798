import pytest

from tornado_websockets.people.presenting import MAX_INFO, read_info


def test_info_is_what_comes_out_of_json_whatever_becomes_of_the_dict():
    info = {"name": "Ada", "tags": ["a"]}
    read = read_info(info)
    info["tags"].append("b")
    assert read == {"name": "Ada", "tags": ["a"]}


def test_info_takes_4_kib_of_json_at_most():
    longest = {"x": "y" * (MAX_INFO - len('{"x":""}'))}
    assert read_info(longest) == longest
    with pytest.raises(ValueError, match="got 4097"):
        read_info({"x": longest["x"] + "y"})


@pytest.mark.parametrize("info", [None, "Ada", ["Ada"], {"x": object}], ids=["none", "text", "list", "strange"])
def test_info_is_a_dict_that_json_knows(info):
    with pytest.raises(TypeError):
        read_info(info)


def test_info_nests_less_than_the_rows_that_it_is_kept_in():
    def nested(levels):
        return {"x": nested(levels - 1)} if levels else {}

    assert read_info(nested(59)) == nested(59)
    with pytest.raises(ValueError, match="deeply"):
        read_info(nested(60))
