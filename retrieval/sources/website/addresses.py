"""URLs of pages: one spelling for each, and which of them belong to the site. Pure."""

import posixpath
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from retrieval.sources.patterns import is_wanted

_TRACKING = re.compile(r"utm_\w+|gclid|fbclid|msclkid|mc_[ce]id|_ga|ref_src|igshid", re.IGNORECASE)
_INDEX = re.compile(r"/(index|default)\.(html?|php|aspx?)$", re.IGNORECASE)
_SAFE = "/%~!$&'()*+,;=:@"
_ESCAPE = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MEDIA = frozenset(
    ".7z .avi .bmp .bz2 .css .dmg .eot .exe .gif .gz .ico .iso .jar .jpeg .jpg .js .json .mov .mp3"
    " .mp4 .mpeg .msi .ogg .otf .png .rar .rss .svg .tar .tgz .tif .tiff .ttf .wav .webm .webp"
    " .woff .woff2 .xml .xz .zip".split()
)
LONGEST_URL = 2000


def normalise_url(url: str, base: str = "") -> str | None:
    """One spelling of a web address, without its fragment; None if it is none.

    Host in lower case, no default port, no dot segments, percent-encoding only where it is needed,
    and no parameters that serve to follow people about.
    """
    try:
        parts = urlsplit(urljoin(base, url.strip()))
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host or len(url) > LONGEST_URL:
        return None
    host = f"[{host}]" if ":" in host else host
    place = host if port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"
    path = _ESCAPE.sub(lambda escape: escape[0].upper(), quote(parts.path, safe=_SAFE)) or "/"
    if "/." in path:
        trailing = "/" if path.endswith(("/", "/.", "/..")) else ""
        path = posixpath.normpath("/" + path.lstrip("/")).rstrip("/") + trailing or "/"
    query = parts.query
    if _TRACKING.search(query):
        pairs = parse_qsl(query, keep_blank_values=True)
        query = urlencode([pair for pair in pairs if not _TRACKING.fullmatch(pair[0])])
    return urlunsplit((parts.scheme, place, path, query, ""))


@dataclass(frozen=True, slots=True)
class Site:
    """The pages below the address `start`, which is normalised.

    `include` and `exclude` are patterns over the path. What is excluded is not looked at; what is
    not included is looked at for links only.
    """

    start: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def root(self) -> str:
        """The address of the host: https://docs.example.com."""
        parts = urlsplit(self.start)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_sitemap(self) -> bool:
        """Whether the address is that of a sitemap rather than of a page."""
        return urlsplit(self.start).path.endswith((".xml", ".xml.gz"))

    @property
    def prefix(self) -> str:
        """The path that all pages are below, without a slash at its end; '' for the whole host.

        A sitemap speaks for the whole host.
        """
        path = urlsplit(self.start).path
        if self.is_sitemap:
            return ""
        if not path.endswith("/") and "." in posixpath.basename(path):
            path = posixpath.dirname(path)
        return path.rstrip("/")

    def contains(self, url: str) -> bool:
        """Whether a normalised URL is a page of the site that may be looked at."""
        parts, own = urlsplit(url), urlsplit(self.start)
        prefix = self.prefix
        below = parts.path == prefix or parts.path.startswith(f"{prefix}/")
        if parts.netloc != own.netloc or not below:
            return False
        return is_wanted(parts.path.lstrip("/"), (), _strip_slashes(self.exclude))

    def may_be_page(self, url: str) -> bool:
        """Whether the name in the path speaks against a picture, an archive and the like."""
        return PurePosixPath(urlsplit(url).path).suffix.lower() not in _MEDIA

    def wants(self, url: str) -> bool:
        """Whether a page that the site contains becomes a document."""
        path = urlsplit(url).path.lstrip("/")
        return is_wanted(path, _strip_slashes(self.include), ())

    def choose_canonical(self, url: str, canonical: str | None) -> str:
        """What the page at `url` is called: the canonical address that it names, if believable.

        Templates that name the same address on every page are common, so that only another
        spelling of the same path is believed.
        """
        if canonical is None or not self.contains(canonical):
            return url
        same = _bare_path(canonical) == _bare_path(url)
        return canonical if same else url


def _strip_slashes(patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(pattern.lstrip("/") for pattern in patterns)


def _bare_path(url: str) -> str:
    return _INDEX.sub("", urlsplit(url).path).rstrip("/").casefold()
