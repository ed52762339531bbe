"""The `drive` source: a folder of Google Drive, shared with a service account.

API version 3, https://developers.google.com/workspace/drive/api/reference/rest/v3.
"""

import asyncio
import html
import json
import re
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import jwt

from retrieval.errors import InvalidField, SourceRefused, SourceUnreadable
from retrieval.model import RawDocument, SourceEntry
from retrieval.sources.fields import Config, Field, read_config, text
from retrieval.sources.http import HttpClient
from retrieval.sources.media_types import MEDIA_TYPES, guess_media_type
from retrieval.sources.service import (
    Json,
    Missing,
    Params,
    Service,
    ServiceClient,
    complete,
    read_moment,
    reading_document,
)

API_URL = "https://www.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/drive.readonly"

_PAGE = 1000
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = timedelta(hours=1)
_MARGIN = timedelta(minutes=5)
_DOCUMENT = "application/vnd.google-apps.document"
_FOLDER = "application/vnd.google-apps.folder"
_EXPORTS: Mapping[str, str] = {
    _DOCUMENT: "text/html",
    "application/vnd.google-apps.presentation": MEDIA_TYPES.get(".pptx", "application/pdf"),
    "application/vnd.google-apps.spreadsheet": MEDIA_TYPES.get(".xlsx", "text/csv"),
}
"""What Google's own kinds of document are read as."""
_READ = frozenset(MEDIA_TYPES.values())
_FIELDS = "id,name,mimeType,modifiedTime,webViewLink,size"
_SHARED: Params = {"supportsAllDrives": "true"}

_ID = re.compile(r"(?:folders/|[?&]id=|\A)([\w-]{10,})(?:[?/#&]|\Z)")
_BODY = re.compile(r"<body[^>]*>", re.IGNORECASE)
_HEADING_ID = re.compile(r'(<h[1-6][^>]*\sid=")(h\.)', re.IGNORECASE)

FIELDS = (
    Field(
        "folder",
        "Folder",
        "Its address in Google Drive, or its id.",
        is_required=True,
        example="https://drive.google.com/drive/folders/1AbC…",
    ),
    Field(
        "key",
        "Key of the service account",
        "All that is in the JSON file that Google made.",
        is_required=True,
        is_secret=True,
        is_long=True,
    ),
)


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """What a key file says: whose it is, the private key (PEM), and where tokens are had."""

    email: str
    private_key: str = field(repr=False)
    token_url: str


@dataclass(frozen=True, slots=True)
class GoogleDriveSettings:
    """The id of the folder that is read, with all folders in it."""

    folder: str
    account: ServiceAccount
    api_url: str = API_URL


def read_google_drive_settings(config: Config) -> GoogleDriveSettings:
    """The settings of a config. Raises InvalidSource with words that mend it."""
    read = read_config("drive", FIELDS, config)
    folder = _ID.search(text(read, "folder"))
    if folder is None:
        raise InvalidField("folder", "That is no folder of Google Drive. Copy its address.")
    return GoogleDriveSettings(folder.group(1), read_account(text(read, "key")))


def read_account(key: str) -> ServiceAccount:
    """What a key file says. Raises InvalidField."""
    try:
        found = json.loads(key)
        account = ServiceAccount(found["client_email"], found["private_key"], found["token_uri"])
        jwt.encode({}, account.private_key, "RS256")
    except (ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
        raise InvalidField(
            "key",
            "That is no key of a service account. Make one as JSON (IAM › Service accounts ›"
            " Keys), and paste all that is in the file.",
        ) from error
    return account


def check_google_drive_config(config: Config) -> dict[str, object]:
    """The settings of a new source as they are stored. Raises InvalidSource."""
    read_google_drive_settings(config)
    return read_config("drive", FIELDS, config)


class GoogleDriveConnector:
    """Lists and reads the files in a folder and those below it. External ids are the files' ids."""

    def __init__(
        self,
        settings: GoogleDriveSettings,
        http: HttpClient,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._http = http
        self._now = now
        self._signing = asyncio.Lock()
        self._client: ServiceClient | None = None
        self._expires_at = datetime.min.replace(tzinfo=UTC)

    @complete
    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every file of a known type. Complete, or SourceUnreadable."""
        await self._check_folder()
        folders = [self._settings.folder]
        seen = set(folders)
        while folders:
            async for file in self._list_folder(folders.pop()):
                # an old file may lie in two folders
                if file["id"] in seen:
                    continue
                seen.add(file["id"])
                if file["mimeType"] == _FOLDER:
                    folders.append(file["id"])
                elif _find_media_type(file) in _READ:
                    yield _describe(file)

    async def fetch(self, entry: SourceEntry) -> RawDocument:
        """One file; Google's own documents in the form that they are exported in."""
        client = await self._open_client()
        path = f"files/{entry.external_id}"
        with reading_document():
            file = await client.get(path, {"fields": f"{_FIELDS},trashed", **_SHARED})
            if file["trashed"]:
                raise Missing
            media_type = _find_media_type(file)
            if file["mimeType"] in _EXPORTS:
                answer = await client.read(f"{path}/export", {"mimeType": media_type})
            else:
                answer = await client.read(path, {"alt": "media", **_SHARED})
        content = answer.content
        if file["mimeType"] == _DOCUMENT:
            content = prepare_document(content.decode("utf-8", "replace"), file["name"])
        return RawDocument(entry, content, media_type, file["name"])

    async def _check_folder(self) -> None:
        client = await self._open_client()
        account = self._settings.account.email
        try:
            found = await client.get(
                f"files/{self._settings.folder}", {"fields": "id,mimeType,trashed", **_SHARED}
            )
        except Missing as error:
            raise SourceRefused(
                "Google Drive shows no such folder. Correct its address, or share it with"
                f" {account} as a viewer."
            ) from error
        if found["mimeType"] != _FOLDER or found["trashed"]:
            raise SourceRefused("That is no folder of Google Drive, or it is in the bin.")

    async def _list_folder(self, folder: str) -> AsyncIterator[Json]:
        params: dict[str, str | int] = {
            "q": f"'{folder}' in parents and trashed = false",
            "fields": f"nextPageToken,incompleteSearch,files({_FIELDS})",
            "pageSize": _PAGE,
            "includeItemsFromAllDrives": "true",
            **_SHARED,
        }
        while True:
            # a listing may outlast a token
            client = await self._open_client()
            try:
                page = await client.get("files", params)
            except Missing as error:
                raise SourceUnreadable(
                    "A folder was removed while Google Drive was read. Sync again."
                ) from error
            if page.get("incompleteSearch"):
                raise SourceUnreadable(
                    "Google Drive listed a part of the folder only. Sync again later."
                )
            for file in page["files"]:
                yield file
            if not page.get("nextPageToken"):
                return
            params["pageToken"] = page["nextPageToken"]

    async def _open_client(self) -> ServiceClient:
        """A client whose token is good for some minutes yet."""
        async with self._signing:
            if self._client is None or self._now() + _MARGIN > self._expires_at:
                token, seconds = await self._get_token()
                self._client = ServiceClient(self._make_service(token), self._http)
                self._expires_at = self._now() + timedelta(seconds=seconds)
            return self._client

    def _make_service(self, token: str) -> Service:
        account = self._settings.account.email
        return Service(
            name="Google Drive",
            url=f"{self._settings.api_url}/drive/v3",
            entry="Make a new key for the service account.",
            rights=f"Share the folder with {account} as a viewer, and switch on the Drive API.",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def _get_token(self) -> tuple[str, float]:
        """An access token and its life in seconds (RFC 7523)."""
        account, now = self._settings.account, self._now()
        claims = {
            "iss": account.email,
            "scope": SCOPE,
            "aud": account.token_url,
            "iat": now,
            "exp": now + _LIFETIME,
        }
        assertion = jwt.encode(claims, account.private_key, "RS256")
        answer = await self._http.post(
            account.token_url, form={"grant_type": _GRANT, "assertion": assertion}
        )
        if answer.status >= 400:
            raise SourceRefused(
                f"Google does not accept the key of {account.email}. Make a new one: IAM › Service"
                " accounts › Keys."
            )
        body = answer.json()
        return body["access_token"], float(body["expires_in"])


def prepare_document(page: str, title: str) -> bytes:
    """A Google document's HTML with its title, and with ids that its address can lead to."""
    heading = f"<title>{html.escape(title)}</title>"
    page = _HEADING_ID.sub(r"\1heading=\2", page)
    page = page.replace("</head>", f"{heading}</head>", 1)
    page = _BODY.sub(lambda found: f"{found[0]}<main>", page, count=1)
    return page.replace("</body>", "</main></body>").encode()


def _find_media_type(file: Json) -> str:
    """What a file is read as: by its kind at Google, by the ending of its name, by its type."""
    kind = file["mimeType"]
    return _EXPORTS.get(kind) or guess_media_type(file["name"]) or str(kind)


def _describe(file: Json) -> SourceEntry:
    place = f"{file['name']} {file['webViewLink']}"
    return SourceEntry(
        external_id=file["id"],
        url=file["webViewLink"],
        modified_at=read_moment(file["modifiedTime"]),
        # a file keeps its modified time when it is renamed
        fingerprint=f"{file['modifiedTime']}-{zlib.crc32(place.encode()):08x}",
        size=int(file["size"]) if "size" in file else None,
    )
