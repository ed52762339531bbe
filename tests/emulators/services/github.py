"""GitHub's REST API (version 2022-11-28), its GraphQL API and the wiki, for one repository."""

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from ..git import GitEmulator
from .server import ServiceServer

TOKEN = "github_pat_emulated"


@dataclass(slots=True)
class Post:
    """A comment on an issue or in a discussion; replies only in discussions."""

    id: int
    author: str | None
    body: str
    created_at: str
    replies: list["Post"] = field(default_factory=list)


@dataclass(slots=True)
class Topic:
    """An issue, a pull request or a discussion."""

    number: int
    kind: str
    title: str
    body: str
    author: str | None
    created_at: str
    updated_at: str
    state: str = "open"
    labels: list[str] = field(default_factory=list)
    category: str = "Q&A"
    answer: int | None = None
    comments: list[Post] = field(default_factory=list)


class GitHubServer(ServiceServer):
    """The repository `acme/app`; `most` bounds every page, to make paging cheap to see.

    `wiki` is the one that lies behind `/acme/app.wiki.git`; without it there is no page yet.
    """

    def __init__(self, *, repository: str = "acme/app", token: str = TOKEN, most: int = 2) -> None:
        super().__init__()
        self.repository = repository
        self.token = token
        self.most = most
        self.private = False
        self.has_discussions = True
        self.has_wiki = True
        self.wiki: GitEmulator | None = None
        self.topics: dict[int, Topic] = {}
        self.gone: set[int] = set()
        self._next_id = 1000

    # what people do

    def open_topic(
        self, kind: str, title: str, body: str, *, author: str | None = "ada", **more: Any
    ) -> Topic:
        """Open an `issue`, a `pull` or a `discussion`."""
        moment = _stamp(self)
        number = max([*self.topics, *self.gone], default=0) + 1
        topic = Topic(number, kind, title, body, author, moment, moment, **more)
        self.topics[number] = topic
        return topic

    def comment(self, topic: Topic, body: str, *, author: str | None = "ben") -> Post:
        """Add a comment."""
        post = self._post(author, body)
        topic.comments.append(post)
        topic.updated_at = post.created_at
        return post

    def reply(self, topic: Topic, comment: Post, body: str, *, author: str = "chloe") -> Post:
        """Answer a comment in a discussion."""
        post = self._post(author, body)
        comment.replies.append(post)
        topic.updated_at = post.created_at
        return post

    def edit(self, topic: Topic, body: str) -> None:
        """Change the text of the topic itself."""
        topic.body = body
        topic.updated_at = _stamp(self)

    def delete(self, topic: Topic) -> None:
        """Delete a topic."""
        del self.topics[topic.number]
        self.gone.add(topic.number)

    def _post(self, author: str | None, body: str) -> Post:
        self._next_id += 1
        return Post(self._next_id, author, body, _stamp(self))

    # the API

    def routes(self) -> list[web.RouteDef]:
        base = "/repos/{owner}/{name}"
        return [
            web.get(base, self._repository),
            web.get(base + "/issues", self._issues),
            web.get(base + "/issues/{number}", self._issue),
            web.get(base + "/issues/{number}/comments", self._comments),
            web.post("/graphql", self._graphql),
            web.route("*", "/{owner}/{name}.wiki.git/{path:.*}", self._answer_git),
        ]

    def refuse(self, status: int, message: str) -> dict[str, Any]:
        words = {401: "Bad credentials", 404: "Not Found", 410: "This issue was deleted"}
        return {
            "message": words.get(status, message),
            "documentation_url": "https://docs.github.com/rest",
            "status": str(status),
        }

    def _enter(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "")
        if given and given != f"Bearer {self.token}":
            raise web.HTTPUnauthorized
        if not request.headers.get("User-Agent"):
            raise web.HTTPForbidden(reason="Request forbidden by administrative rules.")
        wanted = f"{request.match_info['owner']}/{request.match_info['name']}"
        if wanted.lower() != self.repository or (self.private and not given):
            raise web.HTTPNotFound

    async def _repository(self, request: web.Request) -> web.Response:
        self._enter(request)
        return web.json_response(
            {
                "id": 1296269,
                "full_name": self.repository,
                "private": self.private,
                "visibility": "private" if self.private else "public",
                "html_url": f"https://github.com/{self.repository}",
                "has_issues": True,
                "has_wiki": self.has_wiki,
                "has_discussions": self.has_discussions,
                "default_branch": "main",
            }
        )

    async def _issues(self, request: web.Request) -> web.Response:
        self._enter(request)
        state = request.query.get("state", "open")
        found = [
            topic
            for topic in sorted(self.topics.values(), key=lambda item: item.number)
            if topic.kind != "discussion" and state in ("all", topic.state)
        ]
        if request.query.get("direction", "desc") == "desc":
            found.reverse()
        return self._page(request, [self._issue_json(topic) for topic in found])

    async def _issue(self, request: web.Request) -> web.Response:
        return web.json_response(self._issue_json(self._find(request)))

    async def _comments(self, request: web.Request) -> web.Response:
        topic = self._find(request)
        return self._page(request, [self._comment_json(topic, post) for post in topic.comments])

    def _find(self, request: web.Request) -> Topic:
        self._enter(request)
        number = int(request.match_info["number"])
        if number in self.gone:
            raise web.HTTPGone
        topic = self.topics.get(number)
        if topic is None or topic.kind == "discussion":
            raise web.HTTPNotFound
        return topic

    def _page(self, request: web.Request, items: list[dict[str, Any]]) -> web.Response:
        size = min(self.most, int(request.query.get("per_page", 30)))
        page = int(request.query.get("page", 1))
        end = page * size
        headers = {}
        if end < len(items):
            following = request.url.update_query(page=page + 1)
            headers["Link"] = f'<{self.url}{following.relative()}>; rel="next"'
        return web.json_response(items[end - size : end], headers=headers)

    def _issue_json(self, topic: Topic) -> dict[str, Any]:
        kind = "pull" if topic.kind == "pull" else "issues"
        page = f"https://github.com/{self.repository}/{kind}/{topic.number}"
        body: dict[str, Any] = {
            "id": 9000 + topic.number,
            "number": topic.number,
            "html_url": page,
            "title": topic.title,
            "user": _person(topic.author),
            "labels": [{"id": 1, "name": label, "color": "ededed"} for label in topic.labels],
            "state": topic.state,
            "comments": len(topic.comments),
            "created_at": topic.created_at,
            "updated_at": topic.updated_at,
            "closed_at": None,
            "body": topic.body or None,
        }
        if topic.kind == "pull":
            body["pull_request"] = {"html_url": page}
        return body

    def _comment_json(self, topic: Topic, post: Post) -> dict[str, Any]:
        kind = "pull" if topic.kind == "pull" else "issues"
        page = f"https://github.com/{self.repository}/{kind}/{topic.number}"
        return {
            "id": post.id,
            "html_url": f"{page}#issuecomment-{post.id}",
            "user": _person(post.author),
            "created_at": post.created_at,
            "updated_at": post.created_at,
            "body": post.body,
        }

    async def _answer_git(self, request: web.Request) -> web.Response:
        """As GitHub does: strangers are asked who they are before they are told what is not."""
        if self.wiki is not None:
            return await self.wiki.answer(request)
        if "Authorization" in request.headers:
            return web.Response(status=404, text="Repository not found.")
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="GitHub"'})

    async def _graphql(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise web.HTTPUnauthorized
        asked = await request.json()
        given = asked["variables"]
        if f"{given['owner']}/{given['name']}".lower() != self.repository:
            return _graphql_error(["repository"], "NOT_FOUND", "Could not resolve to a Repository")
        query = re.sub(r"\s+", " ", asked["query"])
        if "discussion(number:" in query:
            return self._show_discussion(given)
        return self._list_discussions(given)

    def _list_discussions(self, given: dict[str, Any]) -> web.Response:
        found = [
            topic
            for topic in sorted(self.topics.values(), key=lambda item: item.number)
            if topic.kind == "discussion"
        ]
        nodes, info = self._connection(found, given.get("cursor"))
        listed = [
            {
                "number": topic.number,
                "url": f"https://github.com/{self.repository}/discussions/{topic.number}",
                "updatedAt": topic.updated_at,
                "comments": {"totalCount": len(topic.comments)},
            }
            for topic in nodes
        ]
        return _data({"discussions": {"nodes": listed, "pageInfo": info}})

    def _show_discussion(self, given: dict[str, Any]) -> web.Response:
        topic = self.topics.get(given["number"])
        if topic is None or topic.kind != "discussion":
            path = ["repository", "discussion"]
            return _graphql_error(path, "NOT_FOUND", "Could not resolve to a Discussion")
        posts, info = self._connection(topic.comments, given.get("cursor"))
        page = f"https://github.com/{self.repository}/discussions/{topic.number}"
        shown = {
            "databaseId": 7000 + topic.number,
            "title": topic.title,
            "body": topic.body,
            "url": page,
            "createdAt": topic.created_at,
            "author": _login(topic.author),
            "category": {"name": topic.category},
            "comments": {
                "nodes": [self._discussion_post(topic, post) for post in posts],
                "pageInfo": info,
            },
        }
        return _data({"discussion": shown})

    def _discussion_post(self, topic: Topic, post: Post) -> dict[str, Any]:
        nodes, info = self._connection(post.replies, None, most=50)
        return _post_json(post) | {
            "isAnswer": topic.answer == post.id,
            "replies": {"nodes": [_post_json(reply) for reply in nodes], "pageInfo": info},
        }

    def _connection(
        self, items: list[Any], cursor: str | None, *, most: int | None = None
    ) -> tuple[list[Any], dict[str, Any]]:
        start = int(base64.b64decode(cursor).decode().removeprefix("cursor:")) if cursor else 0
        end = start + (most or self.most)
        following = base64.b64encode(f"cursor:{end}".encode()).decode()
        more = end < len(items)
        return items[start:end], {"hasNextPage": more, "endCursor": following if items else None}


def _post_json(post: Post) -> dict[str, Any]:
    return {
        "databaseId": post.id,
        "body": post.body,
        "createdAt": post.created_at,
        "author": _login(post.author),
    }


def _stamp(server: GitHubServer) -> str:
    return server.next_moment().isoformat(timespec="seconds").replace("+00:00", "Z")


def _person(login: str | None) -> dict[str, Any] | None:
    return None if login is None else {"login": login, "id": 1, "type": "User"}


def _login(login: str | None) -> dict[str, Any] | None:
    return None if login is None else {"login": login}


def _data(repository: dict[str, Any]) -> web.Response:
    return web.json_response({"data": {"repository": repository}})


def _graphql_error(path: list[str], kind: str, message: str) -> web.Response:
    error = {"type": kind, "path": path, "message": message}
    return web.json_response({"data": {"repository": None}, "errors": [error]})
