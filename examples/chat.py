"""Asks a running Signalbox with OpenAI's own client, plain and streamed, and says who answered.

    pip install openai
    signalbox serve --demo                 # in another terminal
    python examples/chat.py "Is the line clear?"
"""

import os
import sys

import openai

client = openai.OpenAI(
    base_url=os.environ.get("SIGNALBOX_URL", "http://127.0.0.1:8080/v1"),
    api_key=os.environ.get("CALLER_TOKEN", "none"),  # a tenant's key, where the configuration names tenants
    max_retries=0,  # trying again elsewhere is Signalbox' business
)
model = os.environ.get("SIGNALBOX_MODEL", "chat")
messages = [{"role": "user", "content": " ".join(sys.argv[1:]) or "Is the line clear?"}]


def plain() -> None:
    response = client.chat.completions.with_raw_response.create(model=model, messages=messages)
    print("plain:   ", response.parse().choices[0].message.content)
    print("  from   ", response.headers["x-signalbox-provider"], response.headers["x-signalbox-model"])
    print("  after  ", response.headers["x-signalbox-attempts"], "attempts")


def streamed() -> None:
    print("streamed: ", end="")
    for chunk in client.chat.completions.create(model=model, messages=messages, stream=True):
        if chunk.choices and chunk.choices[0].delta.content:
            print(chunk.choices[0].delta.content, end="", flush=True)
    print()


try:
    plain()
    streamed()
except openai.APIError as error:  # a stream that breaks off raises too: it never ends as if it were whole
    sys.exit(f"\n{type(error).__name__}: {error}")
