"""The kinds of source that there are, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from retrieval.errors import InvalidSource
from retrieval.model import AUTHORITY, Source
from retrieval.ports import Connector
from retrieval.sources import (
    confluence,
    discord,
    files,
    github,
    google_drive,
    notion,
    slack,
)
from retrieval.sources.fields import Config, Field
from retrieval.sources.git import connector as git
from retrieval.sources.surroundings import Surroundings
from retrieval.sources.website import settings as website
from retrieval.sources.website.connector import WebsiteConnector

LEAST_AUTHORITY, MOST_AUTHORITY = 0.1, 10.0


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One kind of source: what it is, in words, what an admin fills in, and how to open one.

    `label` and `description` say what it is. `fields` are in the order of their weight: the first
    tells where the source is, and a form with little room shows the first four. `check` returns
    the settings as they should be stored, or raises InvalidSource; it does not go to the network.
    Both it and `connect` are given the settings whole; those of secret fields are stored apart and
    sealed.
    """

    label: str
    description: str
    fields: tuple[Field, ...]
    check: Callable[[Config], dict[str, object]]
    connect: Callable[[Config, Surroundings], Connector]


KINDS: Mapping[str, SourceKind] = MappingProxyType(
    {
        "files": SourceKind(
            label="Files",
            description="a folder or a file of documents or code",
            fields=files.FIELDS,
            check=files.check_files_config,
            connect=lambda config, _: files.FilesConnector(files.read_files_settings(config)),
        ),
        "website": SourceKind(
            label="Website",
            description="the pages below an address",
            fields=website.FIELDS,
            check=website.check_website_config,
            connect=lambda config, surroundings: WebsiteConnector(
                website.read_website_settings(config), surroundings
            ),
        ),
        "git": SourceKind(
            label="Git repository",
            description="the files of a branch of a Git repository",
            fields=git.FIELDS,
            check=git.check_git_config,
            connect=lambda config, surroundings: git.GitConnector(
                git.read_git_settings(config), surroundings
            ),
        ),
        "github": SourceKind(
            label="GitHub",
            description="issues, pull requests, discussions and the wiki of a repository",
            fields=github.FIELDS,
            check=github.check_github_config,
            connect=lambda config, surroundings: github.GitHubConnector(
                github.read_github_settings(config), surroundings
            ),
        ),
        "confluence": SourceKind(
            label="Confluence",
            description="a space of Confluence Cloud",
            fields=confluence.FIELDS,
            check=confluence.check_confluence_config,
            connect=lambda config, surroundings: confluence.ConfluenceConnector(
                confluence.read_confluence_settings(config), surroundings.http
            ),
        ),
        "notion": SourceKind(
            label="Notion",
            description="pages and databases of Notion",
            fields=notion.FIELDS,
            check=notion.check_notion_config,
            connect=lambda config, surroundings: notion.NotionConnector(
                notion.read_notion_settings(config), surroundings.http
            ),
        ),
        "slack": SourceKind(
            label="Slack channels",
            description="what people write in Slack channels",
            fields=slack.FIELDS,
            check=slack.check_slack_config,
            connect=slack.connect_slack,
        ),
        "discord": SourceKind(
            label="Discord channels",
            description="what people write in Discord channels and forums",
            fields=discord.FIELDS,
            check=discord.check_discord_config,
            connect=discord.connect_discord,
        ),
        "drive": SourceKind(
            label="Google Drive",
            description="a folder of Google Drive",
            fields=google_drive.FIELDS,
            check=google_drive.check_google_drive_config,
            connect=lambda config, surroundings: google_drive.GoogleDriveConnector(
                google_drive.read_google_drive_settings(config), surroundings.http
            ),
        ),
    }
)


def find_kind(kind: str) -> SourceKind:
    """The kind of that name. Raises InvalidSource."""
    found = KINDS.get(kind)
    if found is None:
        raise InvalidSource(f"There is no kind of source {kind!r}; there is {', '.join(KINDS)}.")
    return found


def check_config(kind: str, config: Config) -> dict[str, object]:
    """The settings of a new source, checked and made complete. Raises InvalidSource."""
    checked = find_kind(kind).check(_without_authority(config))
    authority = _read_authority(config.get(AUTHORITY, 1))
    return checked if authority == 1 else {**checked, AUTHORITY: authority}


def split_secrets(kind: str, config: Config) -> tuple[dict[str, object], dict[str, str]]:
    """Checked settings in two parts: what may be read by anyone, and the secrets."""
    names = {field.name for field in find_kind(kind).fields if field.is_secret}
    shown = {name: value for name, value in config.items() if name not in names}
    return shown, {name: str(config[name]) for name in names if config.get(name)}


def open_connector(
    source: Source, surroundings: Surroundings, secrets: Mapping[str, str] | None = None
) -> Connector:
    """The connector that reads `source`, given its secrets, opened. Raises InvalidSource."""
    return connect_kind(source.kind, {**source.config, **(secrets or {})}, surroundings)


def connect_kind(kind: str, config: Config, surroundings: Surroundings) -> Connector:
    """A connector with these settings, secrets included. Raises InvalidSource."""
    return find_kind(kind).connect(_without_authority(config), surroundings)


def describe_place(kind: str, config: Config) -> str:
    """Where a source is, in its own words: the value of its first field."""
    found = KINDS.get(kind)
    place = config.get(found.fields[0].name, "") if found else ""
    return ", ".join(map(str, place)) if isinstance(place, list) else str(place)


def _without_authority(config: Config) -> dict[str, object]:
    """What belongs to the kind alone."""
    return {name: value for name, value in config.items() if name != AUTHORITY}


def _read_authority(value: object) -> float:
    try:
        authority = float(str(value))
    except ValueError:
        authority = 0.0
    if not LEAST_AUTHORITY <= authority <= MOST_AUTHORITY:
        raise InvalidSource(
            f"The authority of a source is a factor from {LEAST_AUTHORITY} to {MOST_AUTHORITY}, "
            f"where 1 changes nothing; {value!r} is none."
        )
    return authority
