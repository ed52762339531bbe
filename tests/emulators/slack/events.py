"""Deliveries to the app, over Socket Mode or signed HTTP, with Slack's redelivery of events."""

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp

from ..journal import Journal
from .clock import Clock
from .faults import FaultQueue
from .sockets import SocketHub

DeliveryKind = Literal["events_api", "slash_commands", "interactive"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back: `acked`, the body (JSON, text or None), or the reason why not."""

    acked: bool
    body: Any = None
    reason: str | None = None
    status: int | None = None
    no_retry: bool = False


def sign(secret: str, timestamp: str, body: str) -> str:
    """The v0 signature of a request body."""
    base = f"v0:{timestamp}:{body}".encode()
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class Courier:
    """Takes payloads to the app: to the request URL where one is set, else to a socket."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        faults: FaultQueue,
        sockets: SocketHub,
        *,
        signing_secret: str,
        ack_timeout: float,
        retry_delays: tuple[float, ...],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._faults = faults
        self._sockets = sockets
        self._secret = signing_secret
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.ack_timeout = ack_timeout
        self.retry_delays = retry_delays
        self.request_urls: dict[DeliveryKind, str] = {}
        self.sent: dict[str, dict[str, Any]] = {}

    async def start(self) -> None:
        """Open the HTTP client."""
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """Give up all deliveries under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def publish(self, callback: dict[str, Any]) -> None:
        """Deliver an event_callback in the background, with redeliveries until it is acked."""
        self.sent[callback["event_id"]] = callback
        self._spawn(callback, attempts=len(self.retry_delays) + 1, first=0, reason="")
        if self._faults.take("deliver"):
            self.redeliver(callback["event_id"])

    def redeliver(self, event_id: str, *, attempt: int = 1, reason: str = "timeout") -> None:
        """Deliver an event once more, acked or not, as Slack does after a lost ack."""
        self._spawn(self.sent[event_id], attempts=1, first=attempt, reason=reason)

    async def deliver(
        self, kind: DeliveryKind, payload: dict[str, Any], *, attempt: int = 0, reason: str = ""
    ) -> Outcome:
        """Deliver once and wait for the ack."""
        if (url := self.request_urls.get(kind)) is not None:
            return await self._over_http(url, kind, payload, attempt, reason)
        return await self._over_socket(kind, payload, attempt, reason)

    async def verify_url(self, url: str) -> bool:
        """Whether the URL echoes the challenge of url_verification."""
        challenge = uuid.uuid4().hex
        body = json.dumps({"type": "url_verification", "token": "legacy", "challenge": challenge})
        status, text, _ = await self.send_signed(url, body, content_type="application/json")
        return status == 200 and challenge in text

    async def send_signed(
        self,
        url: str,
        body: str,
        *,
        content_type: str,
        headers: dict[str, str] | None = None,
        age: float = 0,
        secret: str | None = None,
        signature: str | None = None,
    ) -> tuple[int, str, dict[str, str]]:
        """POST a signed request; `age`, `secret` and `signature` make forged ones.

        Returns status, body and headers. Signatures use real time, which is what the app checks.
        """
        assert self._session is not None
        timestamp = str(int(time.time() - age))
        signed = signature or sign(secret or self._secret, timestamp, body)
        all_headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signed,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            **(headers or {}),
        }
        async with self._session.post(url, data=body.encode(), headers=all_headers) as response:
            return response.status, await response.text(), dict(response.headers)

    def _spawn(self, callback: dict[str, Any], *, attempts: int, first: int, reason: str) -> None:
        task = asyncio.get_running_loop().create_task(
            self._deliver_event(callback, attempts, first, reason)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_event(
        self, callback: dict[str, Any], attempts: int, first: int, reason: str
    ) -> None:
        event_id, kind = callback["event_id"], callback["event"]["type"]
        for attempt in range(first, first + attempts):
            if attempt > first:
                await self._clock.sleep(self.retry_delays[attempt - 1])
            sent_at = self._clock.now()
            self._journal.append("event.sent", event_id=event_id, type=kind, attempt=attempt)
            outcome = await self.deliver("events_api", callback, attempt=attempt, reason=reason)
            if outcome.acked and self._faults.take("ack"):
                self._journal.append("event.ack_lost", event_id=event_id, attempt=attempt)
                await self._clock.sleep(self.ack_timeout - (self._clock.now() - sent_at))
                outcome = Outcome(acked=False, reason="timeout")
            if outcome.acked:
                took = self._clock.now() - sent_at
                self._journal.append(
                    "event.acked", event_id=event_id, type=kind, attempt=attempt, seconds=took
                )
                return
            reason = outcome.reason or "timeout"
            self._journal.append(
                "event.not_acked", event_id=event_id, type=kind, attempt=attempt, reason=reason
            )
            if outcome.no_retry:
                return
        self._journal.append("event.given_up", event_id=event_id, type=kind)

    async def _over_socket(
        self, kind: DeliveryKind, payload: dict[str, Any], attempt: int, reason: str
    ) -> Outcome:
        envelope = {
            "envelope_id": str(uuid.uuid4()),
            "payload": payload,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        ack = await self._sockets.deliver(envelope)
        if ack is None:
            return Outcome(acked=False, reason="no_connection")
        if not await self._clock.within(self.ack_timeout, ack) or ack.cancelled():
            ack.cancel()
            return Outcome(acked=False, reason="timeout")
        return Outcome(acked=True, body=ack.result())

    async def _over_http(
        self, url: str, kind: DeliveryKind, payload: dict[str, Any], attempt: int, reason: str
    ) -> Outcome:
        headers: dict[str, str] = {}
        if kind == "events_api":
            body, content_type = json.dumps(payload), "application/json"
            if attempt:
                headers = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        else:
            form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
            body, content_type = urlencode(form), "application/x-www-form-urlencoded"
        request = asyncio.ensure_future(
            self.send_signed(url, body, content_type=content_type, headers=headers)
        )
        if not await self._clock.within(self.ack_timeout, request):
            request.cancel()
            return Outcome(acked=False, reason="http_timeout")
        try:
            status, text, response_headers = request.result()
        except aiohttp.ClientError:
            return Outcome(acked=False, reason="connection_failed")
        if not 200 <= status < 300:
            no_retry = response_headers.get("X-Slack-No-Retry") == "1"
            return Outcome(False, text, "http_error", status, no_retry)
        return Outcome(True, _decode(text), status=status)


def _decode(text: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return {"text": text}
