"""The shipped command in a process of its own: what it prints, and how it ends."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.acceptance.program import Shell, as_address

PIN = "What is the PIN of the printer?"


async def test_from_a_folder_to_an_answer_and_back(shell: Shell, handbook: Path) -> None:
    assert "footnote sources add" in (await shell.run("ask", PIN)).output
    assert "Add one: footnote sources add" in (await shell.run("sync", "all")).output
    added = await shell.run("sources", "add", "handbook", str(handbook), "--json")
    assert added.code == 0
    assert added.json["name"] == "handbook"
    first = (await shell.run("sync", "handbook", "--json")).json
    assert first["state"] == "succeeded"
    assert (first["counts"]["added"], first["counts"]["failed"]) == (3, 0)

    await _trace_and_forget(shell, await _ask_for_the_pin(shell))
    found = (await shell.run("search", "carry over days", "-k", "2", "--json")).json
    assert len(found["passages"]) == 2
    assert found["passages"][0]["section"] == "Carrying over"
    assert {"dense", "lexical"} <= set(found["passages"][0]["scores"])
    await _change_and_sync_again(shell, handbook)

    listed = (await shell.run("sources", "list", "--json")).json
    assert [(row["name"], row["documents"]) for row in listed["sources"]] == [("handbook", 2)]
    removed = await shell.run("sources", "remove", "handbook", "--yes", "--json")
    assert removed.json == {"removed": "handbook", "documents": 2}
    nothing = (await shell.run("ask", PIN, "--json")).json
    assert nothing["outcome"] == "unknown"


async def _ask_for_the_pin(shell: Shell) -> Any:
    """The answer with all that is printed of it."""
    answer = await shell.run("ask", PIN, "--json")
    assert answer.code == 0
    document = answer.json
    assert set(document) >= {
        "answer", "citations", "outcome", "searches", "model", "timings_ms",
    }  # fmt: skip
    assert document["outcome"] == "answered"
    assert "4711" in document["answer"]
    assert "[1]" in document["answer"]
    (citation, *_) = document["citations"]
    assert set(citation) >= {"n", "title", "url", "section", "passage", "age_days"}
    assert citation["n"] == 1
    assert "4711" in citation["passage"]
    assert citation["url"].endswith("/handbook/printer.txt")
    assert citation["age_days"] == 0
    return document


async def _trace_and_forget(shell: Shell, answer: Any) -> None:
    kept = (await shell.run("trace", answer["reference"], "--json")).json
    assert kept["question"] == PIN
    assert kept["outcome"] == "answered"
    assert kept["trace"] == answer["decisions"]
    assert kept["usage"]["cost"] == 0
    shown = (await shell.run("trace", answer["reference"])).output
    assert "judge: enough" in shown
    assert answer["reference"] in (await shell.run("trace")).output
    await shell.run("forget", "--thread", answer["reference"])
    gone = await shell.run("trace", answer["reference"])
    assert gone.code == 2
    assert "No question has the reference" in gone.errors


async def _change_and_sync_again(shell: Shell, handbook: Path) -> None:
    (handbook / "printer.txt").write_text("The PIN of the printer is 9000.\n", encoding="utf-8")
    (handbook / "expenses.html").unlink()
    second = (await shell.run("sync", "handbook", "--json")).json
    assert (second["counts"]["updated"], second["counts"]["deleted"]) == (1, 1)
    assert second["counts"]["unchanged"] == 1
    changed = (await shell.run("ask", PIN, "--json")).json
    assert "9000" in changed["answer"]
    assert "4711" not in changed["answer"]


async def test_a_follow_up_knows_its_thread(shell: Shell, handbook: Path) -> None:
    await shell.run("sources", "add", "handbook", str(handbook))
    await shell.run("sync", "handbook")
    await shell.run("ask", "How many days of holidays can be carried over?", "--thread", "t1")
    followed = (await shell.run("ask", "Until when?", "--thread", "t1", "--json")).json
    assert "31 March" in followed["answer"]


async def test_a_broken_file_is_recorded_and_the_others_are_synced(
    shell: Shell, handbook: Path
) -> None:
    (handbook / "scan.pdf").write_bytes(b"%PDF-1.7 this is not one")
    (handbook / "empty.docx").write_bytes(b"")
    await shell.run("sources", "add", "handbook", str(handbook))
    run = (await shell.run("sync", "handbook", "--json")).json
    assert run["counts"]["added"] == 3
    assert {failure["document"] for failure in run["failures"]} == {"scan.pdf", "empty.docx"}
    assert all(failure["reason"] for failure in run["failures"])


async def test_what_is_printed_for_people(shell: Shell, handbook: Path) -> None:
    await shell.run("sources", "add", "handbook", str(handbook))
    synced = await shell.run("sync", "all")
    assert "3 added" in synced.output
    answer = await shell.run("ask", PIN)
    assert "4711" in answer.output
    assert "Sources" in answer.output
    assert "handbook" in (await shell.run("sources", "list")).output
    assert "Gutenberg" in (await shell.run("search", "name of the printer")).output


async def test_an_admin_manages_a_source(shell: Shell, handbook: Path) -> None:
    (handbook / "scan.pdf").write_bytes(b"%PDF-1.7 this is not one")
    await shell.run("sources", "add", "handbook", str(handbook))
    tried = (await shell.run("sources", "test", "handbook", "--json")).json
    assert (tried["listed"], tried["complete"]) == (4, True)
    zone = ("--zone", "Europe/Zurich", "--window", "05:00-07:00")
    planned = await shell.run("sources", "schedule", "handbook", "0 6 * * *", *zone, "--json")
    assert planned.json["schedule"] == "0 6 * * *, Europe/Zurich, between 05:00 and 07:00"
    assert planned.json["next_sync"]
    assert "paused" in (await shell.run("sources", "pause", "handbook")).output
    assert (await shell.run("sync", "all", "--json")).json == {"runs": []}

    run = (await shell.run("sync", "handbook", "--json")).json
    assert (run["done"], run["total"], run["seconds_left"]) == (4, 4, 0)
    status = (await shell.run("sync", "status", "--json")).json
    assert [each["run"] for each in status["runs"]] == [run["run"]]
    errors = (await shell.run("sync", "errors", "handbook", "--json")).json["errors"]
    assert [error["document"] for error in errors] == ["scan.pdf"]
    url = (handbook / "printer.txt").as_uri()
    (document,) = (await shell.run("doc", url, "--json")).json["documents"]
    assert (document["source"], document["audience"]) == ("handbook", ["everyone"])
    assert "4711" in document["chunks"][0]["text"]
    log = (await shell.run("audit", "--json")).json["entries"]
    told = {entry["command"]: entry["detail"] for entry in log}
    assert told["sources schedule handbook"].startswith("none → 0 6 * * *")
    assert run["run"] in told["sync handbook incremental"]


async def test_the_embedding_model_is_changed(synced_url: str, tmp_path: Path) -> None:
    shell = Shell(tmp_path, DATABASE_URL=synced_url, FOOTNOTE_EMBEDDING_PRECISION="int8")
    before = await shell.run("search", "name of the printer", "-k", "1", "--json")
    assert "footnote reindex" in before.errors
    changed = (await shell.run("reindex", "--json")).json
    assert changed["model"] == "builtin:all-MiniLM-L6-v2/int8"
    assert changed["embedded"] > 0
    after = await shell.run("search", "name of the printer", "-k", "1", "--json")
    assert after.errors == ""
    assert after.json["passages"][0]["text"] == before.json["passages"][0]["text"]
    discarded = (await shell.run("reindex", "--discard", "--json")).json
    assert discarded == {"discarded": ["all-MiniLM-L6-v2"]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], "frobnicate"),
        (["ask"], "QUESTION"),
        (["ask", " "], "empty"),
        (["search", "x", "-k", "0"], "-k"),
        (["sources", "add", "x", "no/such/folder"], "does not exist"),
        (["sources", "add", "Not A Name", "."], "name"),
        (["sync", "x", "--full", "--dry-run"], "exclude"),
        (["sync"], "sync"),
        (["sources", "schedule", "x", "0 6 * * *", "--off"], "exclude"),
        (["eval", "retrieval", "no/such/folder"], "folder"),
        (["eval", "retrieval", ".", "--pipeline", "magic"], "magic"),
        (["demo", "--source", "no/such/folder"], "does not exist"),
    ],
)
async def test_a_mistake_in_the_call_is_told_in_one_sentence(
    shell: Shell, arguments: list[str], words: str
) -> None:
    outcome = await shell.run(*arguments)
    assert words in outcome.errors
    assert outcome.errors.startswith("footnote: ")
    assert len(outcome.errors.strip().splitlines()) == 1
    assert outcome.code in (1, 2)


async def test_an_unknown_source_is_named_with_those_there_are(
    shell: Shell, handbook: Path
) -> None:
    await shell.run("sources", "add", "handbook", str(handbook))
    outcome = await shell.run("sync", "handbok", "--json")
    assert outcome.code == 1
    assert outcome.json["error"]["type"] == "UnknownSource"
    assert "handbook" in outcome.json["error"]["message"]


async def test_an_unreachable_database_is_told(tmp_path: Path) -> None:
    shell = Shell(tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    outcome = await shell.run("ask", "Anybody there?")
    assert outcome.code == 1
    assert "DATABASE_URL" in outcome.errors
    assert len(outcome.errors.strip().splitlines()) == 1


async def test_a_wrong_setting_is_told(shell: Shell) -> None:
    shell.environment["FOOTNOTE_PORT"] = "many"
    outcome = await shell.run("serve")
    assert outcome.code == 2
    assert "FOOTNOTE_PORT" in outcome.errors


async def test_serving_without_a_token_says_how_to_get_one(shell: Shell) -> None:
    outcome = await shell.run("serve")
    assert outcome.code == 2
    (words,) = outcome.errors.splitlines()
    assert "SLACK_BOT_TOKEN" in words
    assert "DISCORD_TOKEN" in words


async def test_the_doctor_names_what_is_missing(shell: Shell) -> None:
    outcome = await shell.run("doctor", "--json")
    checks = {check["what"]: check for check in outcome.json["checks"]}
    assert outcome.code == 0
    assert checks["database"]["state"] == "ok"
    assert checks["embedding model"]["state"] == "ok"
    assert checks["sources"]["state"] == "warning"
    assert "footnote sources add" in checks["sources"]["mend"]
    shell.environment |= {
        "DISCORD_TOKEN": "x",
        "FOOTNOTE_DISCORD_API_URL": "http://127.0.0.1:9/api",
        "FOOTNOTE_CHAT_MODEL": "nobody:nothing",
        "FOOTNOTE_WORKER": "2",
    }
    outcome = await shell.run("doctor", "--json")
    checks = {check["what"]: check for check in outcome.json["checks"]}
    assert outcome.code == 1
    assert checks["settings"]["state"] == "warning"
    assert "FOOTNOTE_WORKER (perhaps FOOTNOTE_WORKERS)" in checks["settings"]["detail"]
    assert checks["discord"]["state"] == "failed"
    assert checks["chat model"]["state"] == "failed"
    assert "nobody" in checks["chat model"]["detail"]


async def test_the_schema_is_brought_up_to_date_without_the_models(
    empty_database_url: str, tmp_path: Path
) -> None:
    shell = Shell(
        tmp_path,
        DATABASE_URL=as_address(empty_database_url),
        FOOTNOTE_EMBEDDING_MODEL="nobody:nothing",
        FOOTNOTE_CHAT_MODEL="nobody:nothing",
    )
    outcome = await shell.run("migrate", "--json")
    assert outcome.code == 0, outcome.errors
    applied = outcome.json["applied"]
    assert (applied[0], applied[-1]) == ("0001_core.sql", "procrastinate")
    assert (await shell.run("migrate")).output == "The schema is up to date.\n"


async def test_a_database_of_a_newer_version_is_refused_in_one_sentence(
    synced_url: str, tmp_path: Path
) -> None:
    async with await psycopg.AsyncConnection.connect(synced_url) as connection:
        await connection.execute(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'x', 'x')"
        )
    shell = Shell(
        tmp_path,
        DATABASE_URL=synced_url,
        DISCORD_TOKEN="x",
        FOOTNOTE_DISCORD_API_URL="http://127.0.0.1:9/api",
    )
    refused = "The database is at migration 9999, newer than this Footnote knows"
    for command in ("serve", "work", "migrate", "sources"):
        words = (command, "list") if command == "sources" else (command,)
        outcome = await shell.run(*words)
        assert outcome.code == 1
        assert refused in outcome.errors
        assert "Install the release that made it." in outcome.errors
    examined = await shell.run("doctor", "--json")
    checks = {check["what"]: check for check in examined.json["checks"]}
    assert checks["schema"]["state"] == "failed"
    assert refused in checks["schema"]["detail"]


async def test_the_settings_page_is_the_one_in_the_documentation(
    shell: Shell, repository: Path
) -> None:
    printed = await shell.run("settings", "--markdown")
    page = (repository / "docs" / "settings.md").read_text(encoding="utf-8")
    assert printed.output.strip() == page.strip()


async def test_the_embedded_database_serves_without_any_setting(
    tmp_path: Path, handbook: Path
) -> None:
    shell = Shell(tmp_path, FOOTNOTE_DATA_DIR=str(tmp_path / "data"))
    await shell.run("sources", "add", "handbook", str(handbook))
    run = (await shell.run("sync", "handbook", "--json")).json
    assert run["counts"]["added"] == 3
