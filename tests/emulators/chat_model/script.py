"""What the server answers: rules tried in order, each with a condition and a reply."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Request:
    """A request in any dialect. `schema` is the JSON schema asked for, `schema_name` its name."""

    dialect: Literal["openai", "anthropic", "ollama", "google", "bedrock"]
    model: str
    messages: Sequence[Mapping[str, str]]
    stream: bool
    schema: Mapping[str, Any] | None
    schema_name: str
    tools: Sequence[str]
    headers: Mapping[str, str]

    @property
    def last(self) -> str:
        """The text of the last message."""
        return self.messages[-1]["content"] if self.messages else ""

    @property
    def text(self) -> str:
        """All messages, with their roles."""
        return "\n".join(f"{one['role']}: {one['content']}" for one in self.messages)


@dataclass(frozen=True)
class Reply:
    """What the model says. One of `text`, `data` (as JSON, or as the call of the forced tool) and
    `tool_calls`; `chunks` are the pieces of a stream, cut after every third word if not given.
    `pause` is left before each piece, in seconds."""

    text: str = ""
    data: Any = None
    tool_calls: Sequence[Mapping[str, Any]] = ()
    chunks: Sequence[str] | None = None
    pause: float = 0.0
    input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def content(self) -> str:
        """The text that is sent."""
        return json.dumps(self.data) if self.data is not None else self.text

    @property
    def pieces(self) -> Sequence[str]:
        """The text as a stream cuts it."""
        if self.chunks is not None:
            return self.chunks
        words = self.content.split(" ")
        runs = [" ".join(words[at : at + 3]) for at in range(0, len(words), 3)]
        return [run if at == 0 else f" {run}" for at, run in enumerate(runs)]


@dataclass(frozen=True)
class Fault:
    """What goes wrong instead of, or in the middle of, a reply.

    status: answers with `status` and an error body, Retry-After if given. stall: keeps the
    connection open in silence until the client leaves, after `after` chunks of a stream.
    disconnect: cuts the connection after `after` chunks. broken_json: a body that is no JSON.
    """

    kind: Literal["status", "stall", "disconnect", "broken_json"]
    status: int = 500
    retry_after: float | None = None
    after: int = 0
    message: str = "scripted failure"


@dataclass
class Rule:
    """A condition and what follows. All given conditions must hold; `times` bounds its use.

    `contains` looks in the last message, `anywhere` in all of them, `schema` at the name of the
    structure asked for ('' = none was asked for), `model` at the model's name.
    """

    reply: Reply | Callable[[Request], Reply] = field(default_factory=Reply)
    contains: str | None = None
    anywhere: str | None = None
    schema: str | None = None
    model: str | None = None
    when: Callable[[Request], bool] | None = None
    times: int | None = None
    fault: Fault | None = None
    delay: float = 0.0
    used: int = 0

    def applies(self, request: Request) -> bool:
        """Whether this rule answers the request."""
        return (
            (self.times is None or self.used < self.times)
            and (self.contains is None or self.contains.lower() in request.last.lower())
            and (self.anywhere is None or self.anywhere.lower() in request.text.lower())
            and (self.schema is None or self.schema == request.schema_name)
            and (self.model is None or self.model == request.model)
            and (self.when is None or self.when(request))
        )


@dataclass
class Script:
    """Rules in order; the first that applies is used. No rule: the server answers 500."""

    rules: list[Rule] = field(default_factory=list)

    def choose(self, request: Request) -> Rule | None:
        """The rule for a request, counted as used."""
        for rule in self.rules:
            if rule.applies(request):
                rule.used += 1
                return rule
        return None


def load_script(data: Sequence[Mapping[str, Any]]) -> Script:
    """A script from JSON: a list of rules with the fields of Rule, Reply and Fault.

    Raises ValueError that names a field that is unknown.
    """
    return Script([_load_rule(rule) for rule in data])


def _load_rule(data: Mapping[str, Any]) -> Rule:
    allowed = {"reply", "contains", "anywhere", "schema", "model", "times", "fault", "delay"}
    unknown = set(data) - allowed
    if unknown:
        raise ValueError(f"a rule has no {', '.join(sorted(unknown))}")
    fields = dict(data)
    try:
        reply = fields.pop("reply", {})
        fields["reply"] = Reply(text=reply) if isinstance(reply, str) else Reply(**reply)
        if fields.get("fault"):
            fields["fault"] = Fault(**fields["fault"])
    except TypeError as error:
        raise ValueError(f"a rule cannot be read: {error}") from error
    return Rule(**fields)
