"""Values of an import file, and the comparison of a live object with what the program wants."""

from ops.recovery.kubernetes import pruned
from ops.recovery.values import (
    SECRET,
    SIGNATURE,
    UNKNOWN,
    for_file,
    from_protocol,
    is_known,
    plain,
    secret,
    to_protocol,
)


def test_a_secret_is_marked_in_the_file_wherever_it_is() -> None:
    value = {"connection": {"host": "198.18.0.1", "key": secret("s")}, "list": [secret({"a": 1})]}
    assert for_file(value) == {
        "connection": {"host": "198.18.0.1", "key": {SIGNATURE: SECRET, "plaintext": '"s"'}},
        "list": [{SIGNATURE: SECRET, "plaintext": '{"a": 1}'}],
    }


def test_a_secret_within_a_secret_is_one_secret() -> None:
    assert for_file(secret({"key": secret("s")})) == {SIGNATURE: SECRET, "plaintext": '{"key": "s"}'}
    assert plain(secret([secret("s")])) == ["s"]


def test_whole_numbers_stay_whole_on_the_way_through_the_protocol() -> None:
    value = {"id": 4711, "ratio": 0.5, "nested": [{"port": 22}], "none": None, "secret": secret(3)}
    assert from_protocol(to_protocol(value)) == value


def test_an_unknown_value_is_found_at_any_depth() -> None:
    assert is_known({"a": [1, {"b": "x"}]})
    assert not is_known({"a": [1, {"b": secret(UNKNOWN)}]})


def test_a_live_object_is_compared_only_in_what_the_program_wants() -> None:
    wanted = {"metadata": {"name": "api"}, "spec": {"rules": [{"host": "a"}, {"host": "b"}]}}
    live = {
        "metadata": {"name": "api", "uid": "1"},
        "spec": {"rules": [{"host": "a", "x": 1}, {"host": "c"}, {"host": "d"}], "other": True},
    }
    assert pruned(live, wanted) == {
        "metadata": {"name": "api"},
        "spec": {"rules": [{"host": "a"}, {"host": "c"}, {"host": "d"}]},
    }


def test_what_a_live_object_lacks_is_a_difference() -> None:
    assert pruned({"metadata": {"name": "api"}}, {"metadata": {"name": "api"}, "spec": {"a": 1}}) == {
        "metadata": {"name": "api"}
    }
