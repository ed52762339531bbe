"""The HTTP client of all connectors: bounded, polite, and unable to reach private addresses.

Nothing is taken from the environment, no proxies and no passwords.
"""

from retrieval.sources.http.answers import HttpAnswer
from retrieval.sources.http.client import (
    Clock,
    HttpClient,
    HttpLimits,
    open_http_client,
)
from retrieval.sources.http.network import GuardedBackend, find_allowed

__all__ = [
    "Clock",
    "GuardedBackend",
    "HttpAnswer",
    "HttpClient",
    "HttpLimits",
    "find_allowed",
    "open_http_client",
]
