"""The Bolt app: hands what Slack delivers to the receiver."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack_receiver import SlackReceiver

log = logging.getLogger(__name__)


def build_app(receiver: SlackReceiver, *, api_url: str) -> AsyncApp:
    """The app that both Socket Mode and HTTP dispatch to. It acts for nobody: the receiver knows
    who we are in each workspace, and what the bot said itself.

    Its own signature check is off: it would log the body of a forged request. slack_http refuses
    such requests before they get here; in Socket Mode there are no signatures.
    """

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        # Bolt's own look-up acks an event that it could not authorise, which loses it.
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)

    logger = logging.getLogger("slack_bolt")
    logger.addFilter(_is_news)
    app = AsyncApp(
        name="footnote",
        logger=logger,
        client=AsyncWebClient(base_url=api_url),
        authorize=authorize,
        signing_secret="",
        request_verification_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )

    async def hand_over(
        body: Mapping[str, Any], next_: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        answer = await receiver.receive(body)
        return answer if answer is not None else await next_()

    app.use(hand_over)
    return app


def _is_news(record: logging.LogRecord) -> bool:
    """Drops Bolt's warning that it does not use SLACK_BOT_TOKEN by itself, which is meant so."""
    return "`token`" not in record.getMessage()
