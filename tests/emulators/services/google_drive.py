"""Google Drive's API, version 3, and the token endpoint for service accounts."""

import json
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .server import ServiceServer, stamp

FOLDER = "application/vnd.google-apps.folder"
DOCUMENT = "application/vnd.google-apps.document"
SCOPE = "https://www.googleapis.com/auth/drive.readonly"
EMAIL = "reader@acme.iam.gserviceaccount.example"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

# one key for all servers of a test run, since making one takes a while
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(slots=True)
class File:
    """A file, a folder or a Google document, whose `content` is what its export gives."""

    id: str
    name: str
    mime_type: str
    changed_at: datetime
    parents: list[str] = field(default_factory=list)
    content: bytes = b""
    version: int = 1
    trashed: bool = False


class GoogleDriveServer(ServiceServer):
    """A drive with the folder `root`; `most` bounds every page of a listing."""

    def __init__(self, *, most: int = 2) -> None:
        super().__init__()
        self.most = most
        self.files: dict[str, File] = {}
        self.tokens: set[str] = set()
        self.is_incomplete = False
        self.token_seconds = 3599
        self.root = self.add("Handbook", FOLDER, parent=None)

    @property
    def key(self) -> str:
        """The key file of the service account, as Google hands it out."""
        private = _KEY.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "acme",
                "private_key_id": "0a1b2c",
                "private_key": private.decode(),
                "client_email": EMAIL,
                "token_uri": f"{self.url}/token",
            },
            indent=2,
        )

    # what people do

    def add(self, name: str, mime_type: str, content: bytes = b"", *, parent: File | None) -> File:
        """Put a file into a folder."""
        number = len(self.files) + 1
        file = File(f"1AbC_{number:04d}-xYz", name, mime_type, self.next_moment(), content=content)
        file.parents = [parent.id] if parent else []
        self.files[file.id] = file
        return file

    def change(self, file: File, content: bytes) -> None:
        """Change what a file holds."""
        file.content = content
        file.version += 1
        file.changed_at = self.next_moment()

    def trash(self, file: File) -> None:
        """Move a file to the bin."""
        file.trashed = True

    # the API

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/token", self._token),
            web.get("/drive/v3/files", self._list),
            web.get("/drive/v3/files/{id}", self._get),
            web.get("/drive/v3/files/{id}/export", self._export),
        ]

    def refuse(self, status: int, message: str) -> dict[str, Any]:
        reasons = {401: "authError", 403: "insufficientFilePermissions", 404: "notFound"}
        reason = reasons.get(status, "backendError")
        detail = {"message": message, "domain": "global", "reason": reason}
        return {"error": {"code": status, "message": message, "errors": [detail]}}

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        public = _KEY.public_key()
        try:
            claims = jwt.decode(
                str(form["assertion"]), public, ["RS256"], audience=f"{self.url}/token"
            )
        except jwt.InvalidTokenError as error:
            body = {"error": "invalid_grant", "error_description": str(error)}
            return web.json_response(body, status=400)
        allowed = claims["iss"] == EMAIL and claims["scope"] == SCOPE
        if form["grant_type"] != _GRANT or not allowed or claims["exp"] > time.time() + 3700:
            body = {"error": "invalid_grant", "error_description": "Invalid JWT"}
            return web.json_response(body, status=400)
        token = f"ya29.{secrets.token_urlsafe(12)}"
        self.tokens.add(token)
        body = {"access_token": token, "expires_in": self.token_seconds, "token_type": "Bearer"}
        return web.json_response(body)

    def _enter(self, request: web.Request) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise web.HTTPUnauthorized(reason="Invalid Credentials")

    def _find(self, request: web.Request) -> File:
        self._enter(request)
        file = self.files.get(request.match_info["id"])
        if file is None:
            raise web.HTTPNotFound(reason=f"File not found: {request.match_info['id']}.")
        return file

    async def _list(self, request: web.Request) -> web.Response:
        self._enter(request)
        asked = re.fullmatch(r"'([\w-]+)' in parents and trashed ?= ?false", request.query["q"])
        if asked is None:
            raise web.HTTPBadRequest(reason="Invalid Value")
        found = [
            file for file in self.files.values() if asked[1] in file.parents and not file.trashed
        ]
        start = int(request.query.get("pageToken") or 0)
        end = start + min(self.most, int(request.query.get("pageSize", 100)))
        body: dict[str, Any] = {
            "kind": "drive#fileList",
            "incompleteSearch": self.is_incomplete,
            "files": [self._json(file) for file in found[start:end]],
        }
        if end < len(found):
            body["nextPageToken"] = str(end)
        return web.json_response(body)

    async def _get(self, request: web.Request) -> web.Response:
        file = self._find(request)
        if request.query.get("alt") != "media":
            return web.json_response(self._json(file) | {"trashed": file.trashed})
        if file.mime_type.startswith("application/vnd.google-apps."):
            raise web.HTTPForbidden(reason="Only files with binary content can be downloaded.")
        return web.Response(body=file.content, content_type=file.mime_type)

    async def _export(self, request: web.Request) -> web.Response:
        file = self._find(request)
        if not file.mime_type.startswith("application/vnd.google-apps."):
            raise web.HTTPForbidden(reason="Export only supports Docs Editors files.")
        return web.Response(body=file.content, content_type=request.query["mimeType"])

    def _json(self, file: File) -> dict[str, Any]:
        place = {DOCUMENT: "https://docs.google.com/document/d"}
        body = {
            "id": file.id,
            "name": file.name,
            "mimeType": file.mime_type,
            "modifiedTime": stamp(file.changed_at),
            "version": str(file.version),
            "webViewLink": f"{place.get(file.mime_type, 'https://drive.google.com/file/d')}"
            f"/{file.id}/view",
        }
        return body | ({"size": str(len(file.content))} if file.content else {})
