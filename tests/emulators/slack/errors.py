"""The exceptions by which a method of the Web API refuses."""

from typing import Any


class SlackError(Exception):
    """Refusal of a call, told to the client as `{"ok": false, "error": code, **extra}`."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The JSON answer."""
        return {"ok": False, "error": self.code, **self.extra}


class RateLimited(SlackError):
    """The call was one too many: HTTP 429, with Retry-After in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


def invalid_blocks(*problems: str) -> SlackError:
    """`invalid_blocks` with each problem told twice, as Slack does."""
    return SlackError(
        "invalid_blocks",
        errors=list(problems),
        response_metadata={"messages": [f"[ERROR] {problem}" for problem in problems]},
    )


def invalid_arguments(*problems: str) -> SlackError:
    """`invalid_arguments` with the problems in `response_metadata.messages`."""
    return SlackError(
        "invalid_arguments",
        response_metadata={"messages": [f"[ERROR] {problem}" for problem in problems]},
    )
