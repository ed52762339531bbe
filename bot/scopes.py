"""Finds out what may be read, by a channel or by a person; what is not known grants nothing."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from bot.access import derive_private_scope, derive_public_scope
from bot.errors import BotError
from bot.model import Audience, Person, Place, Platform, Standing
from bot.ports import Directory
from retrieval.model import AccessScope, TenantId

_log = logging.getLogger(__name__)


class Scopes:
    """Asks the platforms' directories who reads what. Raises StoreUnavailable."""

    def __init__(self, directories: Mapping[Platform, Directory]) -> None:
        self._directories = directories

    async def find_public(self, tenant: TenantId, place: Place) -> AccessScope:
        """What everyone who reads this place may read."""
        directory = self._directories.get(place.platform)
        audience = Audience()
        if directory is not None:
            try:
                audience = await directory.describe_audience(place)
            except BotError as error:
                _log.warning("Who reads %s is not known: %s", place.channel, error)
        return derive_public_scope(tenant, place, audience)

    async def describe(self, place: Place, person: Person) -> Person:
        """The person as the platform knows them; a stranger where it does not tell."""
        nobody = replace(person, groups=frozenset(), standing=Standing.OUTSIDER)
        directory = self._directories.get(place.platform)
        if directory is None:
            return nobody
        try:
            return await directory.describe(place, person)
        except BotError as error:
            _log.warning("Who %s is is not known: %s", person.id, error)
            return nobody

    async def find_private(self, tenant: TenantId, place: Place, person: Person) -> AccessScope:
        """What this person may read when nobody else sees it."""
        nobody = replace(person, groups=frozenset(), standing=Standing.OUTSIDER)
        directory = self._directories.get(place.platform)
        if directory is None:
            return derive_private_scope(tenant, place, nobody)
        try:
            known = await directory.describe(place, person)
            channels = await directory.list_channels(place, person)
        except BotError as error:
            _log.warning("What %s may read is not known: %s", person.id, error)
            return derive_private_scope(tenant, place, nobody)
        return derive_private_scope(tenant, place, known, channels)
