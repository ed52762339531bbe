"""Takes letters from the outbox to their platform, each once."""

import logging
from collections.abc import Mapping, Sequence

from bot.errors import DeliveryFailed, DeliveryRefused
from bot.model import ItemId, Place, Platform
from bot.ports import Letter, Messenger, Outbox, OutboxClaim
from bot.rendering.reply import Reply
from retrieval.model import TenantId

MOST_ATTEMPTS = 8
"""Attempts at posting after which a letter is given up."""

_log = logging.getLogger(__name__)


class Delivery:
    """Posts letters.

    A crash between posting and recording is harmless: Messenger.post posts at most once for a key.
    """

    def __init__(self, outbox: Outbox, messengers: Mapping[Platform, Messenger]) -> None:
        self._outbox = outbox
        self._messengers = messengers

    def get_messenger(self, platform: Platform) -> Messenger:
        """The messenger of a platform. Raises DeliveryRefused where this process has none."""
        try:
            return self._messengers[platform]
        except KeyError:
            raise DeliveryRefused(f"this process does not speak on {platform}") from None

    async def send(self, letter: Letter) -> str:
        """Write a letter down and post it; returns the platform's id of the message.

        Raises RateLimited or DeliveryFailed when it should be tried again, DeliveryRefused when
        it was given up.
        """
        await self._outbox.put(letter)
        return await self.deliver(letter.tenant, letter.key)

    async def revise(self, tenant: TenantId, key: str, reply: Reply) -> None:
        """Have a letter say something else, in place where it is posted. Raises as `send` does."""
        await self._outbox.revise(tenant, key, reply)
        await self.deliver(tenant, key)

    async def withdraw(self, tenant: TenantId, item: ItemId) -> None:
        """Take back whatever an inbox entry led to. Raises RateLimited, DeliveryFailed."""
        for key in await self._outbox.list_keys(tenant, item):
            claim = await self._outbox.withdraw(tenant, key)
            if claim is None or claim.message is None:
                continue
            letter = claim.letter
            messenger = self.get_messenger(letter.place.platform)
            await messenger.delete(letter.place, claim.message, reply_token=letter.reply_token)

    async def take_back(self, place: Place, message: str) -> None:
        """Delete a message of ours. Raises RateLimited, DeliveryFailed."""
        await self.get_messenger(place.platform).delete(place, message, reply_token={})

    async def list_keys(self, tenant: TenantId, item: ItemId) -> Sequence[str]:
        """The keys of the letters that an inbox entry led to."""
        return await self._outbox.list_keys(tenant, item)

    async def deliver(self, tenant: TenantId, key: str) -> str:
        """Post a letter that was written down, unless it is posted. Raises as `send` does."""
        claim = await self._outbox.claim(tenant, key)
        if claim is None:
            raise DeliveryRefused(f"there is no letter {key}")
        if claim.message is not None and not claim.revised:
            return claim.message
        if claim.dead:
            raise DeliveryRefused(f"the letter {key} was given up")
        message = await self._post(claim)
        return await self._outbox.record_posted(claim, message)

    async def attempt(self, tenant: TenantId, key: str) -> None:
        """Post a letter that nobody waits for; where that fails, the sweep tries it again."""
        try:
            await self.deliver(tenant, key)
        except DeliveryRefused as error:
            _log.info("Letter %s is not posted: %s", key, error)
        except DeliveryFailed as error:
            _log.info("Letter %s is posted later: %s", key, error)

    async def deliver_overdue(self) -> int:
        """Post what was left behind; how many letters that was. Raises StoreUnavailable.

        Most letters are posted by the job of their entry. Those that it leaves pending, because
        its process died or the post failed and nobody waits for it, are posted here or given up.
        """
        overdue = await self._outbox.take_overdue(self._messengers)
        for tenant, key in overdue:
            await self.attempt(tenant, key)
        return len(overdue)

    async def remove_twins(self) -> int:
        """Delete what stands on a platform twice; how many messages. Raises StoreUnavailable.

        A frozen attempt that goes on after another has posted, or a post that was carried out
        after all, leaves a second message where the platform knows no keys.
        """
        removed = 0
        for letter in await self._outbox.list_doubtful(self._messengers):
            messenger = self.get_messenger(letter.place.platform)
            try:
                removed += await messenger.remove_twins(
                    letter.place, letter.message, key=letter.key
                )
            except DeliveryRefused as error:
                _log.info("Letter %s cannot be looked at: %s", letter.key, error)
            except DeliveryFailed as error:
                _log.info("Letter %s is looked at again: %s", letter.key, error)
                continue
            await self._outbox.record_swept(letter)
        return removed

    async def _post(self, claim: OutboxClaim) -> str:
        letter = claim.letter
        try:
            messenger = self.get_messenger(letter.place.platform)
            # What one person was shown cannot be relied on to be still there: say it anew.
            if claim.message is not None and not letter.reply.private:
                await messenger.edit(
                    letter.place, claim.message, letter.reply, reply_token=letter.reply_token
                )
                return claim.message
            return await messenger.post(
                letter.place,
                letter.reply,
                key=letter.key,
                reply_token=letter.reply_token,
                retry=claim.attempts > 1 or letter.draft == "",
                draft=letter.draft or None,
            )
        except DeliveryRefused as error:
            await self._give_up(claim, error)
            raise
        except Exception as error:
            if claim.attempts >= MOST_ATTEMPTS:
                await self._give_up(claim, error)
                raise DeliveryRefused(f"given up after {claim.attempts} attempts") from error
            await self._outbox.record_failure(claim, str(error), dead=False)
            if isinstance(error, DeliveryFailed):
                raise
            raise DeliveryFailed(f"posting failed: {error!r}") from error

    async def _give_up(self, claim: OutboxClaim, error: Exception) -> None:
        _log.error("Letter %s is given up, attempt %d: %r", claim.letter.key, claim.attempts, error)
        await self._outbox.record_failure(claim, str(error), dead=True)
