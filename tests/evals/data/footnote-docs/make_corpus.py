"""Writes corpus.jsonl anew: one document for each section of the pages in docs/."""

import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGES = HERE.parents[3] / "docs"
LEFT_OUT = {"retrieval", "settings"}
"""Pages of figures and of generated tables, on which the queries do not ask."""


def write_corpus() -> None:
    lines = [
        json.dumps(section, ensure_ascii=False)
        for page in sorted(PAGES.glob("*.md"))
        if page.stem not in LEFT_OUT
        for section in split_page(page)
    ]
    (HERE / "corpus.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def split_page(page: Path) -> list[dict[str, str]]:
    head, *sections = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    title = head.splitlines()[0].lstrip("# ").strip()
    found = []
    for section in [f"{title}\n{head.partition(chr(10))[2]}", *sections]:
        heading, _, body = section.partition("\n")
        if body.strip():
            slug = re.sub(r"\W+", "-", heading.lower()).strip("-")
            text = f"{heading.strip()}\n\n{body.strip()}"
            found.append({"id": f"{page.stem}#{slug}", "title": title, "text": text})
    return found


if __name__ == "__main__":
    write_corpus()
