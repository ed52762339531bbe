"""Text, labels and addresses in the forms that Slack takes. Pure.

A link may have 3,000 characters, says Slack's Block Kit reference.
"""

from typing import Any

URL_CHARACTERS = 2_000

Json = dict[str, Any]


def escape(text: str) -> str:
    """The text for a mrkdwn field, so that Slack reads no link, mention or command in it.

    https://docs.slack.dev/messaging/formatting-message-text
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def link_target(url: str) -> str:
    """The address with what would end it early percent-encoded; '' where Slack takes no link."""
    if not url.startswith(("https://", "http://")):
        return ""
    quoted = "".join(
        "".join(f"%{byte:02X}" for byte in char.encode())
        if char in '<>|"`\\' or char.isspace() or not char.isprintable()
        else char
        for char in url.strip()
    )
    # Escaping a query's & for mrkdwn makes it longer.
    return quoted if len(escape(quoted)) <= URL_CHARACTERS - 500 else ""


def shorten(text: str, limit: int) -> str:
    """At most so many characters, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
