"""A person's browser on the way through an installation."""

import html
import re
from http.cookies import SimpleCookie
from typing import Any

import aiohttp

_AUTHORIZE = re.compile(r'href="([^"]*/oauth/v2/authorize[^"]*)"')


async def install_in_browser(url: str, origin: str, team: str, *, agree: bool) -> dict[str, Any]:
    """Open the install page, agree for a workspace or refuse, and follow Slack's way back.

    Cookies are carried along by hand, for a browser's jar keeps secure ones from plain HTTP.
    """
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        async with session.get(url) as page:
            link = _AUTHORIZE.search(await page.text())
            cookies = SimpleCookie()
            for header in page.headers.getall("Set-Cookie", []):
                cookies.load(header)
        if link is None:
            raise ValueError(f"{url} shows no way to Slack")
        authorize = html.unescape(link[1])
        if not authorize.startswith(origin):
            raise ValueError(f"{url} leads to {authorize}, which is not Slack")
        choice = {"team": team, "agree": "yes" if agree else "no"}
        async with session.get(authorize, params=choice, allow_redirects=False) as consent:
            back = consent.headers["Location"]
        carried = "; ".join(f"{name}={cookie.value}" for name, cookie in cookies.items())
        async with session.get(back, headers={"Cookie": carried}) as last:
            told = {"status": last.status, "text": await last.text()}
            return {**told, "url": back, "cookie": carried}
