"""Sources that are services: the shipped program reads them, and answers with links into them."""

from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.program import Shell, as_address, point_at_discord, point_at_slack
from tests.emulators.discord import DiscordEmulator
from tests.emulators.git import GitEmulator
from tests.emulators.services import github
from tests.emulators.services.github import GitHubServer
from tests.emulators.slack import SlackEmulator


@dataclass(frozen=True)
class Said:
    """What answers link to: Slack's time of a question, and the id of a comment on GitHub."""

    ts: str
    comment: int


async def say_all(
    slack: SlackEmulator, discord: DiscordEmulator, server: GitHubServer, wiki: GitEmulator
) -> Said:
    """Have people write something in each service."""
    await wiki.write("Backups.md", "## Retention\n\nBackups of the vault are kept for 35 days.\n")
    asked = await slack.driver.post("alma", "general", "How long does the free trial last?")
    reply = "The free trial lasts 21 days, and an admin may extend it once."
    await slack.driver.post("bruno", "general", reply, thread_ts=asked["ts"])
    topic = server.open_topic("issue", "Export fails with E-4711", "Since the update.")
    cure = server.comment(topic, "Set EXPORT_CHUNK to 200 and restart; that cures E-4711.")
    await discord.driver.post("ada", "#leads", "The secret project is called Nightingale.")
    return Said(asked["ts"], cure.id)


async def add_all(
    shell: Shell, slack: SlackEmulator, discord: DiscordEmulator, server: GitHubServer
) -> None:
    """Add each service as a source."""
    (shell.folder / "token").write_text(github.TOKEN, encoding="utf-8")
    for arguments in [
        ("chat", "--slack", slack.backend.workspace.channel("general").id),
        ("leads", "--discord", str(discord.world.find_channel("#leads").id)),
        (
            *("app", "--github", "acme/app", "--contents", "issues,wiki"),
            *("--token", "@token", "--api-url", server.url),
        ),
    ]:
        added = await shell.run("sources", "add", *arguments)
        assert added.code == 0, added.errors


async def test_what_people_wrote_elsewhere_is_answered_with_links(
    database_url: str, tmp_path: Path
) -> None:
    wiki = GitEmulator(tmp_path / "wiki", name="acme/app.wiki", token=github.TOKEN)
    async with (
        SlackEmulator() as slack,
        DiscordEmulator() as discord,
        GitHubServer() as server,
        wiki,
    ):
        server.wiki = wiki
        shell = Shell(
            tmp_path,
            DATABASE_URL=as_address(database_url),
            FOOTNOTE_PRIVATE_HOSTS="127.0.0.1",
            **point_at_slack(slack),
            **point_at_discord(discord),
        )
        said = await say_all(slack, discord, server, wiki)
        await add_all(shell, slack, discord, server)
        synced = await shell.run("sync", "all", "--json")
        assert [run["counts"]["added"] for run in synced.json["runs"]] == [2, 1, 1]

        export = (await shell.run("ask", "What cures E-4711?", "--json")).json
        assert "EXPORT_CHUNK" in export["answer"]
        assert export["citations"][0]["url"].endswith(f"/issues/1#issuecomment-{said.comment}")
        kept = (await shell.run("ask", "How long do backups of the vault stay?", "--json")).json
        assert "35 days" in kept["answer"]
        assert kept["citations"][0]["url"] == f"{server.url}/acme/app/wiki/Backups#retention"
        found = await shell.run("search", "free trial of the secret project", "--json")
        links = [passage["url"] for passage in found.json["passages"]]
        assert any(link.endswith(f"/p{said.ts.replace('.', '')}") for link in links)
        # what is said in a private channel stays there
        assert "Nightingale" not in found.output
        assert github.TOKEN not in synced.output + synced.errors
