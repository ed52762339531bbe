"""Files that mean harm, or are broken beyond reading."""

import os
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
import pptx
import xlsxwriter

from tests.fakes.pdf import make_endless_pdf


def _repack(package: bytes, member: str, mark: bytes, flood: bytes) -> bytes:
    """The package with `flood` put in front of `mark` in one of its parts."""
    packed = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(package)) as source,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == member:
                content = content.replace(mark, flood + mark, 1)
            target.writestr(name, content)
    return packed.getvalue()


def _save(document: object) -> bytes:
    buffer = BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def make_word_bomb(size: int) -> bytes:
    """A Word file of a few kilobytes that unpacks to `size` bytes of empty paragraphs."""
    flood = b"<w:p/>" * (size // 6)
    return _repack(_save(docx.Document()), "word/document.xml", b"<w:sectPr", flood)


def make_slide_bomb(size: int) -> bytes:
    """A PowerPoint file whose only slide unpacks to `size` bytes of shapes."""
    presentation = pptx.Presentation()
    presentation.slides.add_slide(presentation.slide_layouts[6])
    flood = b"<p:sp/>" * (size // 7)
    return _repack(_save(presentation), "ppt/slides/slide1.xml", b"</p:spTree>", flood)


def make_sheet_bomb(size: int) -> bytes:
    """An Excel file whose only sheet unpacks to `size` bytes of rows, a thousand columns wide."""
    buffer = BytesIO()
    workbook = xlsxwriter.Workbook(buffer)
    workbook.add_worksheet().write(0, 0, "x")
    workbook.close()
    row = b'<row r="%d"><c r="ALL%d"><v>1</v></c></row>'
    flood = b"".join(row % (number, number) for number in range(2, size // 45))
    return _repack(buffer.getvalue(), "xl/worksheets/sheet1.xml", b"</sheetData>", flood)


def make_entity_bomb() -> bytes:
    """A Word file whose text is a billion laughs."""
    entities = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)
    )
    buffer = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(_save(docx.Document()))) as source,
        zipfile.ZipFile(buffer, "w") as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "word/document.xml":
                head, body = content.split(b"<w:document", 1)
                content = head + b"<!DOCTYPE x [" + entities + b"]><w:document" + body
                laughs = b"<w:p><w:r><w:t>&a11;</w:t></w:r></w:p>"
                content = content.replace(b"<w:sectPr", laughs + b"<w:sectPr", 1)
            target.writestr(name, content)
    return buffer.getvalue()


def make_huge_package() -> bytes:
    """A Word file of 200 kB that says that it unpacks to 210 MB."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", bytes(210 * 2**20))
    return buffer.getvalue()


def _write_sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2 * 2**30)


def _link_out(path: Path) -> None:
    outside = path.parent.parent / "outside.md"
    outside.write_text("Secret.", encoding="utf-8")
    path.symlink_to(outside)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "word-bomb.docx": lambda: make_word_bomb(150_000_000),
    "slide-bomb.pptx": lambda: make_slide_bomb(150_000_000),
    "sheet-bomb.xlsx": lambda: make_sheet_bomb(150_000_000),
    "huge.docx": make_huge_package,
    "entities.docx": make_entity_bomb,
    "endless.pdf": make_endless_pdf,
    "deep.html": lambda: b"<div>" * 2_000_000 + b"deep",
    "wide.html": lambda: b"<p><b>x" * 2_000_000,
    "deep.md": lambda: b">" * 5_000_000 + b"deep",
    "deep.ipynb": lambda: b"[" * 5_000_000,
    "noise.txt": lambda: bytes(range(256)) * 100_000,
    "half.csv": lambda: b'a,b\n"' + b"x" * 5_000_000,
    "flat.py": lambda: (b"a " * 240 + b"(\n") * 60_000,
}
"""Contents by file name."""

PLACED: dict[str, Callable[[Path], None]] = {
    "sparse.txt": _write_sparse,
    "link.md": _link_out,
    "pipe.md": os.mkfifo,
}
"""What has to be made where it lies: 2 GB of nothing, a link out of the folder, a pipe."""


def write_hostile(folder: Path, names: frozenset[str] | None = None) -> list[str]:
    """Put such files into a folder; returns their names."""
    chosen = [name for name in (*HOSTILE, *PLACED) if names is None or name in names]
    for name in chosen:
        if name in HOSTILE:
            (folder / name).write_bytes(HOSTILE[name]())
        else:
            PLACED[name](folder / name)
    return chosen
