"""`signalbox validate` as a command, and what it must not print."""

import base64
import json
import re
from datetime import datetime

from .daemon import run
from .upstream import Behaviour

KEY = "sk-My-Secret.Key_0123456789abcdef"
# Exit statuses.
BAD, GOOD, UNCLEAR, WRONG = 1, 0, 3, 2
# Paths that could generate a token.
GENERATING = re.compile(
    r"/(chat/completions|completions?|messages|responses|embeddings?|generate|api/chat)$|enerateContent$")


def validate(tmp_path, *arguments: str, key: str | None = KEY, **variables: str):
    """`signalbox validate` with the key in a variable; it is in nothing that is printed."""
    given = ("--env", "SOME_KEY") if key and "--all" not in arguments else ()
    result = run(
        "validate", *arguments, *given, directory=tmp_path,
        environment=({"SOME_KEY": key} if key else {}) | variables)
    for text in (result.stdout, result.stderr):
        assert not key or key not in text, text
        assert "Fatal" not in text
    return result


def found(result) -> dict:
    assert result.stderr == "", result
    return json.loads(result.stdout)


def repeats_the_key(status: int) -> Behaviour:
    """A refusal that quotes the key wherever it can."""
    async def behave(exchange) -> None:
        key = (exchange.request.header("authorization") or "").removeprefix("Bearer ")
        body = {"error": {"message": f"Incorrect API key provided: {key}. {key.upper()}", "type": key,
            "code": "invalid_api_key"}}
        await exchange.respond(status, json.dumps(body).encode(), {"x-request-id": key})
    return behave


def bedrock_key(signed: datetime, seconds: int = 43200) -> str:
    """As AWS's generator makes them."""
    url = (
        "bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential=ASIAFAKE%2F{signed:%Y%m%d}%2Feu-west-1%2Fbedrock%2Faws4_request"
        f"&X-Amz-Date={signed:%Y%m%dT%H%M%SZ}&X-Amz-Expires={seconds}&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=0badc0de&Version=1")
    return "bedrock-api-key-" + base64.b64encode(url.encode()).decode()
