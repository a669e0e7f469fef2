"""Reading each message once changes nothing of what is read."""

import re
from pathlib import Path
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi_policy import policy as framework

from guardrails.reading import read_once
from tests.policy.compliant import stack
from tests.policy.wire import on_the_wire


def message(properties: Any) -> struct_pb2.Struct:
    """Properties as the engine sends them."""
    struct = struct_pb2.Struct()
    struct.update(on_the_wire(properties))
    return struct


def reader() -> Any:
    """What the framework parses with."""
    read_once()
    return vars(framework)["json_format"]


def test_what_is_read_once_is_what_the_plain_parser_reads() -> None:
    for item in stack():
        sent = message(item.properties)
        assert reader().MessageToDict(sent) == json_format.MessageToDict(sent)


def test_a_message_is_parsed_once_and_another_one_by_itself() -> None:
    first, second = message({"ttl": 1}), message({"ttl": 2})
    read = reader().MessageToDict
    assert read(first) is read(message({"ttl": 1})), "the same properties were parsed twice"
    assert read(second) == {"ttl": 2.0}


def test_nothing_else_of_the_replaced_module_is_used_by_the_framework() -> None:
    used = set(re.findall(r"\bjson_format\.(\w+)", Path(framework.__file__).read_text()))
    assert used == {"MessageToDict"}
