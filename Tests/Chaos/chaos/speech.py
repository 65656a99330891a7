"""What the upstream says to a request, all of it derived from the request's own nonce: who knows the nonce
knows the answer, its tokens and so its price, without having asked anybody."""

import hashlib
import random
from dataclasses import dataclass
from typing import Any

# No prompt may be found in a log or in the store: everything asked holds this word.
MARK = "chaosprompt"
TOKENS_MAX = 2_000_000
WORDS = "signal lever point track lamp block bell rail wire frame cabin token home starter distant".split()

# What the upstream does, by how often it is wanted. The first word of two says whom it strikes: `once` the
# first visit of a nonce to a provider, `alpha` the first provider only, so that the second one answers.
DEEDS = {
    "fine": 56, "slow": 10, "merged": 6, "pause": 9, "untold": 3,
    "once-error": 4, "alpha-error": 3, "once-reset": 3, "alpha-reset": 2, "alpha-cut": 2, "cut": 2,
}


@dataclass(frozen=True)
class Usage:
    """Tokens as OpenAI counts them: those cached are part of the prompt, those of reasoning part of the
    answer."""

    prompt: int
    completion: int
    cached: int = 0
    reasoning: int = 0

    @property
    def json(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.prompt, "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": {"cached_tokens": self.cached},
            "completion_tokens_details": {"reasoning_tokens": self.reasoning}}


def make_nonce(source: random.Random, deeds: dict[str, int]) -> str:
    deed = source.choices(list(deeds), list(deeds.values()))[0]
    return f"{source.getrandbits(64):016x}.{deed}"


def deed_of(nonce: str) -> str:
    return nonce.partition(".")[2]


def usage_of(provider: str, nonce: str) -> Usage:
    """Numbers that no other request is likely to have."""
    digest = hashlib.sha256(f"{provider} {nonce}".encode()).digest()
    parts = [int.from_bytes(digest[at:at + 8]) for at in range(0, 32, 8)]
    prompt, completion = (1 + part % TOKENS_MAX for part in parts[:2])
    return Usage(prompt, completion, parts[2] % (prompt + 1), parts[3] % (completion + 1))


def pieces_of(nonce: str) -> list[str]:
    """The answer's text in the pieces of its stream, three to twelve."""
    digest = hashlib.sha256(nonce.encode()).digest()
    return [WORDS[byte % len(WORDS)] + " " for byte in digest[:3 + digest[-1] % 10]]


def text_of(nonce: str) -> str:
    return "".join(pieces_of(nonce))


def tells_usage(nonce: str) -> bool:
    return deed_of(nonce) != "untold"
