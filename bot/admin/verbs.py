"""Every command of admins, by its name."""

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.admin.channel_verbs import ChannelVerbs
from bot.admin.lookups import Lookups
from bot.admin.source_verbs import SourceVerbs
from bot.admin.sync_orders import SyncMessages
from bot.admin.sync_verbs import SyncVerbs
from bot.channels.editor import ChannelEditor
from bot.ports import Audit, JobRunner, Sources
from bot.verdict import Verb


def build_verbs(
    *,
    sources: Sources,
    jobs: JobRunner,
    audit: Audit,
    messages: SyncMessages,
    editor: ChannelEditor,
    kinds: Mapping[str, str],
    now: Callable[[], datetime],
) -> Mapping[str, Verb]:
    """The commands; `kinds` says in words what kinds of source can be added in chat."""
    lookups = Lookups(sources, audit, now)
    return {
        "sources": SourceVerbs(sources, kinds, now).perform,
        "sync": SyncVerbs(sources, jobs, messages, now).perform,
        "channel": ChannelVerbs(editor).perform,
        "doc": lookups.describe_document,
        "audit": lookups.show_audit,
    }
