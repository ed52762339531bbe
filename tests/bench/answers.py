"""Answers as chat models write them: those written by hand in tests/evals/answers, and long ones.

What is made here is made from fixed seeds, so that the corpus is the same in every run.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.model import Answer, Citation, Outcome

FOLDER = Path(__file__).resolve().parents[1] / "evals/answers"
LONGEST = 50_000
"""Characters of the longest answers."""

_HEAD = re.compile(r"^=== (\S+) ===\n", re.MULTILINE)
_WORDS = (
    "backup restore nightly cluster region invoice holiday manager approve laptop badge printer "
    "release freeze rollback token secret rotate policy audit expense travel receipt onboarding"
).split()
_STATEMENTS = ("x = read(n)", "if x is None:", "    return", "print(f'{x:>8}')  # rows[1]", "")


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """An answer in Markdown; `name` says where it is from."""

    name: str
    text: str


def load_answers() -> list[ModelAnswer]:
    """The whole corpus."""
    return [*read_answers(), *make_answers()]


def read_answers() -> list[ModelAnswer]:
    """The answers written by hand."""
    found = []
    for path in sorted(FOLDER.glob("*.md")):
        _, *parts = _HEAD.split(path.read_text(encoding="utf-8"))
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            found.append(ModelAnswer(f"{path.stem}/{name}", text.removesuffix("\n")))
    return found


def make_answers() -> list[ModelAnswer]:
    """Answers that are long, deep, wide, or put together from all the others."""
    return [ModelAnswer(f"made/{name}", text) for name, text in _make()]


def cite(text: str) -> Answer:
    """The answer with five sources, whose addresses hold what markup is made of."""
    citations = tuple(
        Citation(
            n=n,
            title=f"Title {n} *of* <a> [page]",
            url=f"https://docs.example/{n}?a=(1)&b=_x_#part-{n}" if n != 5 else "",
            section="Part › Section",
            passage="The passage.",
            quote="The passage.",
            source="handbook",
            age_days=n,
        )
        for n in range(1, 6)
    )
    return Answer(text, Outcome.ANSWERED, citations)


def _make() -> Iterator[tuple[str, str]]:
    # One after the other, because each draws on where the last has left the generator.
    rng = random.Random(5)
    yield from _make_texts(rng)
    yield from _make_code(rng)
    yield from _make_tables(rng)
    yield from _make_structure(rng)
    yield from _make_marks(rng)
    yield from _combine(rng, read_answers())


def _make_texts(rng: random.Random) -> Iterator[tuple[str, str]]:
    yield "paragraph-50000", _say(rng, LONGEST)
    yield "paragraphs-50000", "\n\n".join(_say(rng, 900) for _ in range(LONGEST // 900))
    for script, letters in {
        "cjk": "年休暇申請管理者承認日数",
        "emoji": "🙂🚀❤️✅",
        "thai": "กขคงจฉ",
    }.items():
        yield f"no-blanks-{script}", "".join(rng.choices(letters, k=12_000)) + " [1]"
    yield "families", "👨‍👩‍👧‍👦" * 1_500
    yield "combining", "é̂" * 6_000
    yield "rtl-long", " ".join(rng.choices(["مرحبا", "إجازة", "מנהל", "خمسة"], k=6_000))
    yield "one-word-50000", "a" * LONGEST


def _make_code(rng: random.Random) -> Iterator[tuple[str, str]]:
    for language in ("", "python", "json"):
        yield f"code-50000-{language or 'plain'}", f"{_code(rng, LONGEST, language)}\n[1]"
    yield "code-one-line", f"```\n{'x' * 20_000}\n```"
    yield "code-unclosed-long", _code(rng, 20_000, "sh").removesuffix("```")
    yield "code-of-backticks", "~~~\n" + "```\n` `` ```` `\n" * 800 + "~~~"
    yield "fences-many", "\n\n".join(f"Step {n}:\n\n```\nrun {n}\n```" for n in range(400))


def _make_tables(rng: random.Random) -> Iterator[tuple[str, str]]:
    for columns, rows in ((2, 300), (3, 101), (6, 80), (12, 40), (20, 100), (25, 30)):
        yield f"table-{columns}x{rows}", _table(rng, columns, rows)
    yield "table-long-cells", _table(rng, 3, 12, words=220)
    yield "tables-many", "\n\n".join(_table(rng, 3, 3) for _ in range(60))


def _make_structure(rng: random.Random) -> Iterator[tuple[str, str]]:
    """Lists, quotes and headings."""
    yield "list-500", "\n".join(f"{n}. {_say(rng, 80)} [{n % 5 + 1}]" for n in range(1, 501))
    yield "list-deep", "\n".join(f"{'  ' * n}- level {n}" for n in range(40))
    yield (
        "list-with-code",
        "\n".join(
            f"{n}. {_say(rng, 60)}\n   ```sh\n   run --step {n}\n   ```" for n in range(1, 150)
        ),
    )
    yield "list-one-item-long", f"- {_say(rng, 15_000)}\n  - {_say(rng, 9_000)}"
    yield "quote-long", "\n".join(f"> {_say(rng, 200)}" for _ in range(80))
    yield "quotes-deep", "\n".join(f"{'>' * n} depth {n}" for n in range(1, 40))
    yield (
        "headings-many",
        "\n".join(f"{'#' * (n % 6 + 1)} Title {n}\n{_say(rng, 90)}" for n in range(200)),
    )
    yield "heading-endless", f"# {_say(rng, 9_000)}"


def _make_marks(rng: random.Random) -> Iterator[tuple[str, str]]:
    """What is set within lines, and characters that mean something elsewhere."""
    yield "bold-long", f"**{_say(rng, 9_000)}**"
    yield "emphasis-nested", "*" * 60 + "deep" + "*" * 60
    yield "marks-thousands", " ".join(f"{word} [{n % 7}]" for n, word in enumerate(_WORDS * 120))
    yield "lines-broken", "\\\n".join(_say(rng, 30) for _ in range(500))
    yield "escapes-long", "*_~`|<@#\\[]()>" * 1_200
    yield "windows-lines", "One. [1]\r\n\r\n- two\r\n- three\r\n\r\n```\r\na\r\nb\r\n```\r\n"
    yield "control", "Bell \a, escape \x1b[31m, form feed \f, NUL \0, and a lone \ud83d half. [1]"
    yield (
        "pings-thousands",
        "@everyone <@123456789012345678> <!channel> https://evil.example " * 300,
    )


def _combine(rng: random.Random, parts: Sequence[ModelAnswer]) -> Iterator[tuple[str, str]]:
    """Answers of many parts, in every order, one of them of the greatest length."""
    for number in range(40):
        most = LONGEST if number == 0 else rng.randrange(1_000, 12_000)
        text = ""
        while len(text) < most:
            # An unclosed fence would swallow what comes after it.
            part = rng.choice(parts)
            if "unclosed" not in part.name and "mid-line" not in part.name:
                text += part.text + "\n\n"
        yield f"combined-{number}", text[:LONGEST]


def _say(rng: random.Random, characters: int) -> str:
    sentences: list[str] = []
    while sum(map(len, sentences)) < characters:
        words = rng.choices(_WORDS, k=rng.randrange(4, 18))
        sentences.append(f"{' '.join(words).capitalize()}.")
    return " ".join(sentences)


def _code(rng: random.Random, characters: int, language: str) -> str:
    lines: list[str] = []
    while sum(map(len, lines)) < characters:
        lines.append(f"{rng.choice(_STATEMENTS)} {' '.join(rng.choices(_WORDS, k=4))}")
    return f"```{language}\n" + "\n".join(lines) + "\n```"


def _table(rng: random.Random, columns: int, rows: int, words: int = 2) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    head = line([f"column{n}" for n in range(columns)])
    body = (
        line([" ".join(rng.choices(_WORDS, k=words)) for _ in range(columns)]) for _ in range(rows)
    )
    return "\n".join((head, line(["---"] * columns), *body))
