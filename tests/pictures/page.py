"""Pages in HTML, and taking pictures of them with Chromium."""

import asyncio
import html
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

WIDTH = 760
"""CSS pixels; pictures have twice as many."""
LARGEST = 120_000
"""Bytes of a picture."""


class PictureFailed(Exception):
    """A picture could not be taken."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page under the name that its picture will have."""

    name: str
    title: str
    style: str
    body: str

    @property
    def document(self) -> str:
        return (
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            f"<title>{html.escape(self.title)}</title><style>{BASE}{self.style}</style></head>"
            f"<body>{self.body}</body></html>"
        )


BASE = f"""
* {{ box-sizing: border-box; }}
body {{ margin: 0; width: {WIDTH}px; padding: 20px 24px; line-height: 1.46;
       font-family: Lato, 'Noto Sans', 'Noto Color Emoji', sans-serif; }}
pre, code {{ font-family: 'DejaVu Sans Mono', monospace; }}
p {{ margin: 0 0 8px; }}
ul, ol {{ margin: 4px 0; padding-left: 26px; }}
a {{ text-decoration: none; }}
.message {{ display: flex; gap: 12px; margin: 14px 0; }}
.avatar {{ width: 40px; height: 40px; flex: none; font-weight: 700; font-size: 17px;
          display: flex; align-items: center; justify-content: center; color: #fff; }}
.said {{ flex: 1; min-width: 0; overflow-wrap: anywhere; }}
.buttons {{ display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px; }}
"""
COLOURS = ("#5b5fc7", "#b8405e", "#2e8b57", "#c77d19", "#3a7ca5")


def escape(text: str) -> str:
    """Text for HTML, its lines kept."""
    return html.escape(text).replace("\n", "<br>")


def draw_avatar(name: str, radius: str) -> str:
    """A coloured initial."""
    colour = "#1264a3" if name == "Footnote" else COLOURS[sum(map(ord, name)) % len(COLOURS)]
    style = f"background:{colour};border-radius:{radius}"
    return f"<div class='avatar' style='{style}'>{html.escape(name[:1].upper())}</div>"


async def take_pictures(pictures: Iterable[Picture], folder: Path) -> list[Path]:
    """A WebP file for each page, in the folder. Raises PictureFailed."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise PictureFailed("Chromium is missing: `apt install chromium fonts-lato` gets it.")
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    with tempfile.TemporaryDirectory() as scratch:
        for picture in pictures:
            page = Path(scratch) / f"{picture.name}.html"
            page.write_text(picture.document, encoding="utf-8")
            target = folder / f"{picture.name}.webp"
            await _take(chromium, page, target)
            if target.stat().st_size > LARGEST:
                raise PictureFailed(f"{target.name} takes {target.stat().st_size:,} bytes.")
            taken.append(target)
    return taken


async def _take(chromium: str, page: Path, target: Path) -> None:
    measured = page.with_suffix(".measured.html")
    script = "<script>document.title = 'h' + document.documentElement.offsetHeight</script>"
    measured.write_text(page.read_text("utf-8") + script, encoding="utf-8")
    shown = await _run(chromium, f"--window-size={WIDTH},100", "--dump-dom", measured.as_uri())
    height = re.search(r"<title>h(\d+)</title>", shown)
    if height is None:
        raise PictureFailed(f"{page.name} could not be measured.")
    size = f"--window-size={WIDTH},{height[1]}"
    zoom = "--force-device-scale-factor=2"
    await _run(chromium, size, zoom, f"--screenshot={target}", page.as_uri())
    if not target.exists():
        raise PictureFailed(f"{target.name} was not written.")


async def _run(chromium: str, *arguments: str) -> str:
    usual = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
    process = await asyncio.create_subprocess_exec(
        chromium, *usual, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    if process.returncode:
        raise PictureFailed(errors.decode(errors="replace")[-500:])
    return output.decode(errors="replace")
