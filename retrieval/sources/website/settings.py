"""What an admin says about a website."""

from dataclasses import dataclass

from retrieval.errors import InvalidField
from retrieval.sources.fields import (
    Config,
    Field,
    FieldKind,
    check_web_address,
    number,
    read_config,
    text,
    texts,
)
from retrieval.sources.website.addresses import Site, normalise_url

AUTOMATIC, SITEMAP, CRAWL = "auto", "sitemap", "crawl"
PAGES = 1000
DEPTH = 20

FIELDS = (
    Field(
        "url",
        "Address",
        "All pages below this address are read; or the address of a sitemap.",
        is_required=True,
        example="https://docs.example.com/guide/",
    ),
    Field(
        "include",
        "Only these pages",
        "Patterns over the path of the page.",
        kind=FieldKind.LIST,
        example="guide/*",
    ),
    Field(
        "exclude",
        "Not these pages",
        "Patterns over the path of the page.",
        kind=FieldKind.LIST,
        example="blog/*",
    ),
    Field(
        "pages",
        "At most so many pages",
        "A site with more is not synced until this is raised or it is narrowed.",
        kind=FieldKind.NUMBER,
        default=PAGES,
        most=50_000,
    ),
    Field(
        "how",
        "How pages are found",
        "auto takes the sitemap, if there is one, and follows links otherwise.",
        kind=FieldKind.CHOICE,
        default=AUTOMATIC,
        choices=(AUTOMATIC, SITEMAP, CRAWL),
    ),
    Field(
        "depth",
        "Links to follow from the first page",
        "How many links away a page may be.",
        kind=FieldKind.NUMBER,
        default=DEPTH,
        most=100,
    ),
    Field(
        "authorization",
        "Authorization header",
        "Sent to this host only, for a site that needs it.",
        is_secret=True,
        example="Bearer …",
    ),
)


@dataclass(frozen=True, slots=True)
class WebsiteSettings:
    """Which pages are read, and how they are found."""

    site: Site
    pages: int = PAGES
    how: str = AUTOMATIC
    depth: int = DEPTH
    authorization: str = ""


def read_website_settings(config: Config) -> WebsiteSettings:
    """The settings of a config. Raises InvalidSource with words that mend it."""
    read = read_config("website", FIELDS, config)
    start = normalise_url(check_web_address("url", text(read, "url")))
    if start is None:
        raise InvalidField("url", "url is not a web address that can be read.")
    return WebsiteSettings(
        site=Site(start, texts(read, "include"), texts(read, "exclude")),
        pages=number(read, "pages", PAGES),
        how=text(read, "how", AUTOMATIC),
        depth=number(read, "depth", DEPTH),
        authorization=text(read, "authorization"),
    )


def check_website_config(config: Config) -> dict[str, object]:
    """The settings of a new source as they are stored. Raises InvalidSource."""
    settings = read_website_settings(config)
    return {**read_config("website", FIELDS, config), "url": settings.site.start}
