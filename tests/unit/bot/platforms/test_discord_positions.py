"""Up to which message channels are heard."""

from bot.platforms.discord_catch_up import Positions

HELP, DIRECT = ("1", 10), ("@me", 20)


def build(*workspaces: str) -> Positions:
    positions = Positions()
    for workspace in workspaces:
        positions.settle(workspace)
    return positions


def test_a_position_stays_below_what_is_still_at_hand() -> None:
    positions = build("1")
    for message in (100, 200, 300):
        positions.begin(HELP, message)
    positions.end(HELP, 100)
    positions.end(HELP, 300)
    assert positions.list_news() == {HELP: 199}
    positions.end(HELP, 200)
    assert positions.list_news() == {HELP: 300}


def test_what_is_noted_is_no_news() -> None:
    positions = build("1")
    positions.begin(HELP, 100)
    positions.begin(HELP, 200)
    positions.end(HELP, 100)
    positions.note(positions.list_news())
    assert positions.list_news() == {}
    positions.end(HELP, 200)
    assert positions.list_news() == {HELP: 200}
    positions.note({HELP: 200})
    positions.begin(HELP, 300)
    positions.end(HELP, 300)
    assert positions.list_news() == {HELP: 300}


def test_what_came_in_while_it_was_noted_is_news() -> None:
    positions = build("1")
    positions.begin(HELP, 100)
    positions.end(HELP, 100)
    noted = positions.list_news()
    positions.begin(HELP, 200)
    positions.end(HELP, 200)
    positions.note(noted)
    assert positions.list_news() == {HELP: 200}


def test_no_position_counts_before_what_was_missed_is_heard() -> None:
    positions = build("1", "@me")
    positions.unsettle(lambda workspace: workspace == "1")
    for channel in (HELP, DIRECT):
        positions.begin(channel, 100)
        positions.end(channel, 100)
    assert positions.list_news() == {DIRECT: 100}
    positions.settle("1")
    assert positions.list_news() == {HELP: 100, DIRECT: 100}


def test_what_is_heard_twice_is_taken_care_of_once() -> None:
    positions = build("1")
    positions.begin(HELP, 100)
    positions.begin(HELP, 100)
    positions.end(HELP, 100)
    positions.note(positions.list_news())
    positions.end(HELP, 100)
    assert positions.list_news() == {}
