"""What goes wrong on purpose, queued per method."""

import random
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal[
    "rate_limited", "server_error", "error", "timeout", "reset", "lost_response",
    "lost_ack", "duplicate",
]  # fmt: skip


@dataclass(slots=True)
class Fault:
    """One fault that waits for its call.

    kinds for Web API methods (and for `response_url`, which is a method by that name here):
    `rate_limited` (429, Retry-After = retry_after), `server_error` (HTTP `status`), `error`
    (`ok: false` with `code`), `timeout` (no answer for `seconds`), `reset` (connection reset
    before anything happened), `lost_response` (the call happened, then the connection is reset).
    kinds for deliveries: `lost_ack` for the pseudo-method `ack` (the app's ack is dropped),
    `duplicate` for the pseudo-method `deliver` (the same event is sent twice).
    """

    method: str
    kind: Kind
    times: int | None = 1
    share: float = 1.0
    after: int = 0
    retry_after: int = 1
    status: int = 500
    code: str = "internal_error"
    seconds: float = 60.0


class FaultQueue:
    """Faults in the order in which they were added; the first that fits a call is used up."""

    def __init__(self, seed: int = 0) -> None:
        self._faults: list[Fault] = []
        self._random = random.Random(seed)

    def add(self, method: str, kind: Kind, **options: Any) -> Fault:
        """Queue a fault for `method`, or for every Web API method by `*`.

        `times`: how many calls it spoils (None: for ever); `share`: the part of the calls it
        spoils, drawn from a seeded generator; `after`: calls let through first; `retry_after`,
        `status`, `code`, `seconds`: see Fault.
        """
        if kind not in get_args(Kind):
            raise ValueError(f"unknown kind of fault {kind!r}; one of {', '.join(get_args(Kind))}")
        fault = Fault(method, kind, **options)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget every fault that has not struck."""
        self._faults.clear()

    def take(self, method: str) -> Fault | None:
        """The fault that strikes this call, if any."""
        for fault in self._faults:
            if fault.method not in (method, _wildcard(method)):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.share < 1 and self._random.random() >= fault.share:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
        return None


def _wildcard(method: str) -> str:
    return "" if method in ("ack", "deliver", "response_url") else "*"
