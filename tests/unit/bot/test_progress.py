"""What is seen while an answer is made."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bot.errors import AnswerStopped, DeliveryFailed, DeliveryRefused, RateLimited
from bot.model import Hold
from bot.progress import Progress
from bot.rendering.reply import Button
from retrieval.errors import StoreUnavailable
from tests.fakes.messages import make_place
from tests.fakes.messenger import InMemoryMessenger

STOP = Button("Stop", "answer stop 1")


class Scene:
    """A progress over a platform in memory. `hold` is what the inbox says."""

    def __init__(
        self,
        *,
        lead: float = 0.0,
        draft: str | None = None,
        live: bool = True,
        says_activity: bool = True,
    ) -> None:
        self.messenger = InMemoryMessenger(says_activity=says_activity)
        self.looks = 0
        self.hold: Hold | Exception = Hold.HELD
        self.noted: list[str] = []
        self.note_fault: Exception | None = None
        place = make_place()
        self.live = self.messenger.open_answer(
            place, key="k1", reply_token={}, private=False, draft=draft
        )
        self.progress = Progress(
            self.messenger,
            place,
            self.live if live else None,
            stop=STOP,
            language="en",
            draft=draft,
            look=self._look,
            note=self._note,
            lead=lead,
            tick=0.005,
        )

    async def _look(self) -> Hold:
        self.looks += 1
        if isinstance(self.hold, Exception):
            raise self.hold
        return self.hold

    async def _note(self, draft: str) -> None:
        if self.note_fault is not None:
            raise self.note_fault
        self.noted.append(draft)

    @property
    def seen(self) -> str:
        return self.messenger.posts[0].text if self.messenger.posts else ""


@asynccontextmanager
async def running(scene: Scene) -> AsyncIterator[Progress]:
    async with asyncio.timeout(5), scene.progress as progress:
        yield progress


async def until(is_so: Callable[[], object]) -> None:
    while not is_so():
        await asyncio.sleep(0)


async def test_a_fast_answer_leaves_no_message() -> None:
    scene = Scene(lead=60.0)
    async with running(scene) as progress:
        progress.show_step("Planning")
        await until(lambda: scene.messenger.activities)
        progress.append("Twenty days.")
    assert scene.messenger.activities == ["Planning"]
    assert not scene.messenger.posts
    assert progress.draft is None


async def test_every_step_is_told_before_there_is_a_message() -> None:
    scene = Scene(lead=60.0)
    async with running(scene) as progress:
        for step in ("Planning", "Searching"):
            progress.show_step(step)
            await until(lambda: scene.messenger.activities[-1:] == [scene.progress._steps[-1]])
    assert scene.messenger.activities == ["Planning", "Searching"]


async def test_a_sign_without_words_is_not_renewed_with_every_step() -> None:
    scene = Scene(lead=60.0, says_activity=False)
    async with running(scene) as progress:
        progress.show_step("Planning")
        await until(lambda: scene.messenger.activities)
        progress.show_step("Searching")
        looks = scene.looks
        await until(lambda: scene.looks > looks + 2)
    assert scene.messenger.activities == ["Planning"]


async def test_steps_and_text_are_seen_in_one_message_that_is_written_down() -> None:
    scene = Scene()
    async with running(scene) as progress:
        progress.show_step("Planning")
        await until(lambda: "Planning" in scene.seen)
        progress.show_step("Searching")
        await until(lambda: "✓ Planning" in scene.seen)
        progress.append("Twenty ")
        progress.append("days")
        await until(lambda: "Twenty days" in scene.seen)
    assert len(scene.messenger.posts) == 1
    assert scene.noted == ["m1"]
    assert progress.draft == "m1"
    assert progress.text == "Twenty days"


async def test_the_first_words_do_not_wait_for_the_pause() -> None:
    scene = Scene()
    assert scene.live is not None
    scene.live.pause = 60.0
    async with running(scene) as progress:
        progress.show_step("Planning")
        await until(lambda: scene.seen)
        progress.append("Twenty")
        await until(lambda: "Twenty" in scene.seen)
        progress.append(" days")
        await asyncio.sleep(0.02)
    assert "days" not in scene.seen


async def test_nothing_comes_after_the_end() -> None:
    scene = Scene()
    async with running(scene) as progress:
        progress.append("Twenty")
        progress.show_step("Planning")
        await until(lambda: scene.seen)
    before = len(scene.messenger.posts[0].history)
    progress.append(" days")
    await asyncio.sleep(0.02)
    assert len(scene.messenger.posts[0].history) == before


@pytest.mark.parametrize("hold", [Hold.STOPPED, Hold.LOST])
async def test_an_answer_that_is_not_wanted_any_more_is_interrupted(hold: Hold) -> None:
    scene = Scene()
    async with running(scene) as progress:
        progress.show_step("Planning")
        await until(lambda: scene.seen)
        scene.hold = hold
        progress.show_step("Searching")
        assert await progress.interrupted is hold
    assert "Searching" not in scene.seen


async def test_a_stop_by_the_platforms_own_means_interrupts() -> None:
    scene = Scene()
    scene.messenger.live_faults.append(AnswerStopped())
    async with running(scene) as progress:
        progress.show_step("Planning")
        assert await progress.interrupted is Hold.STOPPED


async def test_a_limit_is_waited_for_and_the_sign_of_activity_stands_in() -> None:
    scene = Scene()
    scene.messenger.live_faults.append(RateLimited(retry_after=0.01))
    async with running(scene) as progress:
        progress.show_step("Planning")
        await until(lambda: scene.messenger.activities)
        await until(lambda: "Planning" in scene.seen)
    assert progress.draft == "m1"


@pytest.mark.parametrize(
    ("error", "draft"), [(DeliveryRefused("no"), None), (DeliveryFailed("lost"), "")]
)
async def test_what_cannot_be_shown_does_not_hold_up_the_answer(
    error: Exception, draft: str | None
) -> None:
    scene = Scene()
    scene.messenger.live_faults.append(error)
    async with running(scene) as progress:
        progress.show_step("Planning")
        await until(lambda: scene.messenger.activities)
        assert not progress.interrupted.done()
    assert progress.draft == draft
    assert not scene.messenger.posts


async def test_an_answer_goes_on_while_the_database_is_away() -> None:
    scene = Scene()
    scene.hold = scene.note_fault = StoreUnavailable()
    async with running(scene) as progress:
        progress.show_step("Planning")
        await until(lambda: scene.seen)
        progress.append("Twenty days")
        await until(lambda: "Twenty" in scene.seen)
    assert not scene.noted
    assert progress.draft == "m1"


async def test_a_message_that_is_there_is_gone_on_with_in_silence() -> None:
    scene = Scene(draft="m1", lead=0.01)
    async with running(scene) as progress:
        progress.show_step("Planning")
        await until(lambda: scene.seen)
    assert not scene.messenger.activities
    assert not scene.noted


async def test_without_a_message_the_activity_is_shown() -> None:
    scene = Scene(live=False)
    async with running(scene) as progress:
        progress.show_step("Planning")
        await until(lambda: scene.messenger.activities)
    assert not scene.messenger.posts
