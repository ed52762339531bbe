"""The `github` source: issues, pull requests, discussions and the wiki of one repository.

Issues are read over the REST API (version 2022-11-28), discussions over GraphQL and the wiki over
Git, which are the only ways to them. https://docs.github.com/rest/issues, https://docs.github.com/graphql
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from retrieval.errors import InvalidField, SourceRefused, SourceUnreadable
from retrieval.model import RawDocument, SourceEntry
from retrieval.sources.fields import (
    Config,
    Field,
    FieldKind,
    check_web_address,
    read_config,
    text,
    texts,
)
from retrieval.sources.github_wiki import WIKI_PREFIX, GitHubWiki
from retrieval.sources.markdown import (
    MEDIA_TYPE,
    escape_text,
    join_parts,
    nest_markdown,
    write_author,
    write_heading,
)
from retrieval.sources.service import (
    Forbidden,
    Json,
    Missing,
    Params,
    Service,
    ServiceClient,
    as_list,
    complete,
    read_moment,
    reading_document,
)
from retrieval.sources.surroundings import Surroundings

API_URL = "https://api.github.com"
CONTENTS = ("issues", "pulls", "discussions", "wiki")
"""What a repository holds besides its files."""

_REPOSITORY = re.compile(r"[\w-]+/(?!\.{1,2}$)[\w.-]+")
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')
_PAGE = 100
_NOBODY = "ghost"
"""How GitHub calls those who deleted their account."""

_LIST = """
query($owner: String!, $name: String!, $cursor: String) {
  repository(owner: $owner, name: $name) {
    discussions(first: 100, after: $cursor, orderBy: {field: CREATED_AT, direction: ASC}) {
      nodes { number url updatedAt comments { totalCount } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
_SHOW = """
query($owner: String!, $name: String!, $number: Int!, $cursor: String) {
  repository(owner: $owner, name: $name) {
    discussion(number: $number) {
      databaseId title body createdAt author { login } category { name }
      comments(first: 50, after: $cursor) {
        nodes {
          databaseId body createdAt isAnswer author { login }
          replies(first: 100) { nodes { databaseId body createdAt author { login } } }
        }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""

FIELDS = (
    Field(
        "repository",
        "Repository",
        "Its owner and name.",
        is_required=True,
        example="acme/app",
    ),
    Field(
        "token",
        "Token",
        "A fine-grained token with read access to what is read; to Contents for a wiki.",
        is_secret=True,
        example="github_pat_…",
    ),
    Field(
        "contents",
        "What is read",
        "Some of issues, pulls, discussions, wiki; if empty, issues, and with a token discussions.",
        kind=FieldKind.LIST,
        example="issues, wiki",
    ),
    Field(
        "api_url",
        "Address of the API",
        "Of a GitHub Enterprise Server: it ends with /api/v3.",
        default=API_URL,
        example="https://github.example.com/api/v3",
    ),
)


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """Which repository (`owner/name`) is read, and which of its CONTENTS."""

    repository: str
    contents: tuple[str, ...]
    token: str = field(default="", repr=False)
    api_url: str = API_URL


def read_github_settings(config: Config) -> GitHubSettings:
    """The settings of a config. Raises InvalidSource with words that mend it."""
    read = read_config("github", FIELDS, config)
    repository = text(read, "repository").removeprefix("https://github.com/").strip("/")
    if not _REPOSITORY.fullmatch(repository):
        raise InvalidField("repository", "Give the repository as owner/name, such as acme/app.")
    token = text(read, "token")
    contents = tuple(part.lower() for part in texts(read, "contents"))
    for part in contents:
        if part not in CONTENTS:
            raise InvalidField("contents", f"{part} is none of {', '.join(CONTENTS)}.")
    if "discussions" in contents and not token:
        raise InvalidField("token", "GitHub shows discussions to those with a token only.")
    return GitHubSettings(
        repository=repository,
        contents=contents or (("issues", "discussions") if token else ("issues",)),
        token=token,
        api_url=check_web_address("api_url", text(read, "api_url", API_URL)).rstrip("/"),
    )


def check_github_config(config: Config) -> dict[str, object]:
    """The settings of a new source as they are stored. Raises InvalidSource."""
    read_github_settings(config)
    return read_config("github", FIELDS, config)


class GitHubConnector:
    """Lists and reads what a repository holds besides its files.

    External ids are `issues/7`, `discussions/7` and `wiki/Home.md`.
    """

    def __init__(self, settings: GitHubSettings, surroundings: Surroundings) -> None:
        self._settings = settings
        self._surroundings = surroundings
        self._wiki: GitHubWiki | None = None
        self._owner, self._name = settings.repository.split("/")
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if settings.token:
            headers["Authorization"] = f"Bearer {settings.token}"
        service = Service(
            name="GitHub",
            url=settings.api_url,
            entry="Make a fine-grained token at github.com/settings/personal-access-tokens.",
            rights="Give the token read access to this repository's issues, pull requests and"
            " discussions, and to its contents for the wiki.",
            headers=headers,
        )
        self._client = ServiceClient(service, surroundings.http)

    @complete
    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every topic, open or closed, and every page. Complete, or SourceUnreadable."""
        contents = self._settings.contents
        repository = await self._find_repository()
        if "issues" in contents or "pulls" in contents:
            async for entry in self._list_issues():
                yield entry
        if "discussions" in contents and repository.get("has_discussions"):
            async for entry in self._list_discussions():
                yield entry
        if "wiki" in contents:
            if not repository["has_wiki"]:
                raise SourceRefused(
                    f"The wiki of {self._settings.repository} is switched off. Leave wiki out."
                )
            self._wiki = self._connect_wiki(repository)
            async for entry in self._wiki.list_entries():
                yield entry

    async def fetch(self, entry: SourceEntry) -> RawDocument:
        """One topic with its comments, as Markdown, or a page of the wiki as it is."""
        if entry.external_id.startswith(WIKI_PREFIX):
            if self._wiki is None:
                self._wiki = self._connect_wiki(await self._find_repository())
            return await self._wiki.fetch(entry)
        kind, _, number = entry.external_id.partition("/")
        read = self._read_discussion if kind == "discussions" else self._read_issue
        with reading_document():
            content = await read(int(number))
        return RawDocument(entry, content, MEDIA_TYPE)

    async def _find_repository(self) -> Json:
        try:
            found: Json = await self._client.get(self._path())
        except Missing as error:
            raise SourceRefused(
                f"GitHub shows no repository {self._settings.repository}. Correct its name, or give"
                " the token read access to it."
            ) from error
        return found

    def _connect_wiki(self, repository: Json) -> GitHubWiki:
        """The wiki under the name that the repository has now, as Git is let follow no redirect."""
        settings = self._settings
        name = str(repository["full_name"])
        return GitHubWiki(name, settings.api_url, settings.token, self._surroundings)

    async def _list_issues(self) -> AsyncIterator[SourceEntry]:
        wants_issues = "issues" in self._settings.contents
        wants_pulls = "pulls" in self._settings.contents
        params: Params = {"state": "all", "sort": "created", "direction": "asc", "per_page": _PAGE}
        try:
            async for page in self._client.get_pages(self._path("issues"), params, _find_next):
                for issue in as_list(page):
                    if wants_pulls if "pull_request" in issue else wants_issues:
                        yield SourceEntry(
                            external_id=f"issues/{issue['number']}",
                            url=issue["html_url"],
                            modified_at=read_moment(issue["updated_at"]),
                            fingerprint=f"{issue['updated_at']}-{issue['comments']}",
                        )
        except Missing as error:
            raise SourceRefused(
                f"The issues of {self._settings.repository} are switched off. Leave issues out."
            ) from error

    async def _list_discussions(self) -> AsyncIterator[SourceEntry]:
        cursor: str | None = None
        while True:
            found = (await self._query(_LIST, cursor=cursor))["discussions"]
            for item in found["nodes"]:
                yield SourceEntry(
                    external_id=f"discussions/{item['number']}",
                    url=item["url"],
                    modified_at=read_moment(item["updatedAt"]),
                    fingerprint=f"{item['updatedAt']}-{item['comments']['totalCount']}",
                )
            if not found["pageInfo"]["hasNextPage"]:
                return
            cursor = found["pageInfo"]["endCursor"]

    async def _read_issue(self, number: int) -> bytes:
        path = self._path("issues", str(number))
        issue = await self._client.get(path)
        comments: list[Json] = []
        if issue["comments"]:
            pages = self._client.get_pages(f"{path}/comments", {"per_page": _PAGE}, _find_next)
            comments = [comment async for page in pages for comment in as_list(page)]
        return write_issue(issue, comments)

    async def _read_discussion(self, number: int) -> bytes:
        cursor: str | None = None
        comments: list[Json] = []
        while True:
            found = (await self._query(_SHOW, cursor=cursor, number=number))["discussion"]
            if found is None:
                raise Missing
            comments += found["comments"]["nodes"]
            if not found["comments"]["pageInfo"]["hasNextPage"]:
                return write_discussion(found, comments)
            cursor = found["comments"]["pageInfo"]["endCursor"]

    async def _query(self, query: str, **variables: Any) -> Json:
        """The repository as a GraphQL query shows it."""
        given = {"owner": self._owner, "name": self._name, **variables}
        answer = await self._client.post(
            _graphql_url(self._settings.api_url), {"query": query, "variables": given}
        )
        for error in answer.get("errors") or ():
            if error.get("type") == "NOT_FOUND":
                raise Missing(error.get("message"))
            if error.get("type") == "RATE_LIMITED":
                raise SourceUnreadable(
                    "GitHub asks to wait: too much was asked of it. Sync again later.",
                    retry_after=60.0,
                )
            raise Forbidden(
                f"GitHub refuses to show its discussions (“{error.get('message')}”). Give the token"
                " read access to this repository's discussions."
            )
        repository: Json = answer["data"]["repository"]
        return repository

    def _path(self, *parts: str) -> str:
        return "/".join(("repos", self._owner, self._name, *parts))


def write_issue(issue: Json, comments: list[Json]) -> bytes:
    """An issue or a pull request as Markdown; `comments` as the API lists them."""
    what = "Pull request" if "pull_request" in issue else "Issue"
    labels = ", ".join(label["name"] for label in issue["labels"])
    facts = (
        f"{what} {issue['number']}, {issue['state']}{', labelled ' if labels else ''}{labels},"
        f" opened by {_sign(issue['user'], issue['created_at'])}."
    )
    anchor = f"issue-{issue['id']}"
    parts = [
        write_heading(1, issue["title"], anchor),
        escape_text(facts),
        nest_markdown(issue["body"] or "", below=1, anchor=anchor),
    ]
    for comment in comments:
        anchor = f"issuecomment-{comment['id']}"
        parts += _write_comment(2, _sign(comment["user"], comment["created_at"]), comment, anchor)
    return join_parts(*parts)


def write_discussion(discussion: Json, comments: list[Json]) -> bytes:
    """A discussion as Markdown, its answer marked; `comments` as the API lists them."""
    anchor = f"discussion-{discussion['databaseId']}"
    facts = (
        f"Discussion in {discussion['category']['name']}, started by"
        f" {_sign(discussion['author'], discussion['createdAt'])}."
    )
    parts = [
        write_heading(1, discussion["title"], anchor),
        escape_text(facts),
        nest_markdown(discussion["body"] or "", below=1, anchor=anchor),
    ]
    for comment in comments:
        answer = "Answer by " if comment["isAnswer"] else ""
        parts += _write_post(2, comment, answer)
        for reply in comment["replies"]["nodes"]:
            parts += _write_post(3, reply)
    return join_parts(*parts)


def _write_post(level: int, post: Json, before: str = "") -> list[str]:
    author = before + _sign(post["author"], post["createdAt"])
    return _write_comment(level, author, post, f"discussioncomment-{post['databaseId']}")


def _write_comment(level: int, author: str, comment: Json, anchor: str) -> list[str]:
    body = nest_markdown(comment["body"] or "", below=level, anchor=anchor)
    return [write_heading(level, author, anchor), body] if body else []


def _sign(person: Json | None, moment: str) -> str:
    return write_author(person["login"] if person else _NOBODY, read_moment(moment))


def _find_next(page: object, headers: Mapping[str, str]) -> str | None:  # noqa: ARG001
    found = _NEXT.search(headers.get("link", ""))
    return found.group(1) if found else None


def _graphql_url(api_url: str) -> str:
    """Beside the REST API: below /api/v3 on a server of one's own."""
    return f"{api_url.removesuffix('/v3')}/graphql"
