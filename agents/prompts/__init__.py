"""What chat models are told: one Markdown file for each step."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Prompt:
    """Instructions for a model. `digest` names this very wording in traces."""

    name: str
    text: str
    digest: str


def load_prompt(name: str) -> Prompt:
    """The instructions in `name`.md."""
    text = files("agents.prompts").joinpath(f"{name}.md").read_text("utf-8").strip()
    return Prompt(name, text, hashlib.sha256(text.encode()).hexdigest()[:8])
