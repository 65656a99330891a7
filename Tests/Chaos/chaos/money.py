"""What tokens cost, in integers, written down a second time: the oracle must not ask the program that it
judges."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .speech import Usage

NANO = 10**9
MILLION = 10**6


@dataclass(frozen=True)
class Price:
    """Rates for a million tokens, as decimals in text: a float would not be what is meant."""

    currency: str
    input: str
    output: str
    cached_input: str | None = None
    reasoning: str | None = None

    def cost_nano(self, usage: Usage) -> int:
        """Billionths of the currency's unit, halves rounded up."""
        products = (
            (usage.prompt - usage.cached) * nano(self.input)
            + usage.cached * nano(self.cached_input or self.input)
            + (usage.completion - usage.reasoning) * nano(self.output)
            + usage.reasoning * nano(self.reasoning or self.output))
        return (products + MILLION // 2) // MILLION

    def entry(self, provider: str, model: str) -> dict[str, Any]:
        """Its place in a file of prices."""
        rates = {
            "input": self.input, "output": self.output, "cached_input": self.cached_input,
            "reasoning": self.reasoning}
        return {
            "provider": provider, "model": model, "currency": self.currency, "valid_from": "2020-01-01",
        } | {name: rate for name, rate in rates.items() if rate is not None}


def nano(rate: str) -> int:
    exact = Decimal(rate) * NANO
    assert exact == int(exact), f"{rate} has more than nine decimals"
    return int(exact)
