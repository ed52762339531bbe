"""What chat models cost: as it is set, and as it is known of those of OpenAI."""

import re
import warnings
from collections.abc import Iterable, Mapping

from agents.config import Price

_PRICE = re.compile(
    r"(?P<model>[^\s=]+:[^\s=]+)\s*=\s*(?P<input>\d+(?:\.\d+)?)\s*/\s*(?P<output>\d+(?:\.\d+)?)"
)


def parse_prices(text: str) -> dict[str, Price]:
    """Prices as 'provider:model=INPUT/OUTPUT', separated by commas. Raises ValueError."""
    prices: dict[str, Price] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = _PRICE.fullmatch(part)
        if match is None:
            raise ValueError(
                f"{part!r} should read provider:model=INPUT/OUTPUT, in US dollars for a million"
                " tokens, for instance openai:gpt-5-mini=0.25/2"
            )
        prices[match["model"]] = Price(float(match["input"]), float(match["output"]))
    return prices


def list_prices(models: Iterable[str]) -> dict[str, Price]:
    """The list prices of those of these models that langchain-community knows: OpenAI's own.

    Its table is read and not its function, which takes the price of what a model reads for that of
    what it writes where a name has no number behind it, such as `o3`.
    """
    named = [model for model in models if model.startswith("openai:")]
    if not named:
        return {}
    table = _load_table()
    prices = {}
    for model in named:
        name = model.removeprefix("openai:").lower()
        read, written = table.get(name), table.get(f"{name}-completion")
        if read is not None and written is not None:
            prices[model] = Price(round(read * 1_000, 6), round(written * 1_000, 6))
    return prices


def _load_table() -> Mapping[str, float]:
    """US dollars for a thousand tokens."""
    with warnings.catch_warnings():
        # The package tells on import that its integrations move elsewhere.
        warnings.simplefilter("ignore", DeprecationWarning)
        # Here, since it takes as long to import as all of the rest.
        from langchain_community.callbacks.openai_info import (  # noqa: PLC0415
            MODEL_COST_PER_1K_TOKENS,
        )
    return MODEL_COST_PER_1K_TOKENS
