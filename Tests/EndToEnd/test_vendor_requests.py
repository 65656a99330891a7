"""What signalbox sends to a vendor is what the vendor's own package would have sent."""

import json

import openai
import pytest

from harness.fakes import route
from harness.vendor_models import JUDGES

TOOLS = [{"type": "function", "function": {
    "name": "timetable", "description": "Departures of a place.",
    "parameters": {
        "type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}}}]
CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "When does it leave?"},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "abcdefgh1", "type": "function",
         "function": {"name": "timetable", "arguments": '{"place":"Crewe"}'}}]},
    {"role": "tool", "tool_call_id": "abcdefgh1", "content": '{"track": 5}'},
    {"role": "user", "content": [{"type": "text", "text": "And then?"}]},
]
SAMPLING = {"temperature": 0.5, "top_p": 0.75, "max_tokens": 200}
PICTURE = [{"role": "user", "content": [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "track", "schema": {
    "type": "object", "properties": {"track": {"type": "integer"}}, "required": ["track"],
    "additionalProperties": False}}}


@pytest.fixture
def judged(kind, vendors, connect, fakes):
    """Asks the vendor by way of signalbox, and judges what arrived."""
    if kind not in JUDGES:
        pytest.skip(f"{kind}: no package says what its requests look like")
    judge = JUDGES[kind]()

    def ask(**asked):
        answer = connect(vendors).chat.completions.create(model=route(kind), **asked)
        if asked.get("stream"):
            list(answer)
        request = fakes.requests(kind)[-1]
        request["json"] = json.loads(request["body"])
        judge(request)
        return request
    return ask


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
def test_a_conversation_with_tools(judged, streaming):
    judged(messages=CONVERSATION, tools=TOOLS, stream=streaming, **SAMPLING)


def test_forced_and_stopped(judged):
    for more in ({"tool_choice": "required", "tools": TOOLS}, {"stop": ["END"]}):
        try:
            judged(messages=CONVERSATION[:2], **more)
        except openai.BadRequestError as refusal:
            assert refusal.body["param"] in more, "refused by name"


def test_a_picture(judged):
    try:
        judged(messages=PICTURE)
    except openai.BadRequestError as refusal:
        assert "image_url" in refusal.body["param"]


@pytest.mark.parametrize("wanted", [{"type": "json_object"}, SCHEMA], ids=["object", "schema"])
def test_json(judged, wanted):
    try:
        judged(messages=CONVERSATION[:2], response_format=wanted)
    except openai.BadRequestError as refusal:
        assert refusal.body["param"].startswith("response_format")
