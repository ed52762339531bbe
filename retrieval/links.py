"""Where a citation leads: a document's address, and the place in it. Pure."""

import re
from urllib.parse import urlsplit

_LINES = re.compile(r"L(\d+)(?:-L(\d+))?")


def link_place(url: str, anchor: str | None) -> str:
    """The address of a place in a document: of a heading, a page (`page=3`) or lines (`L3-L9`).

    Lines are written as the host that shows them wants them. An address that leads to a place
    already, as that of a message, stays as it is.
    """
    if not anchor or "#" in url:
        return url
    lines = _LINES.fullmatch(anchor)
    if lines is None:
        return f"{url}#{anchor}"
    first, last = lines[1], lines[2]
    if "/-/blob/" in url:  # GitLab
        return f"{url}#L{first}-{last}" if last else f"{url}#L{first}"
    if (urlsplit(url).hostname or "").endswith("bitbucket.org"):
        return f"{url}#lines-{first}:{last}" if last else f"{url}#lines-{first}"
    return f"{url}#{anchor}"
