"""Writes small PDFs."""

from collections.abc import Sequence

Line = tuple[float, float, str]
"""Type size, height of the base line, text; all in points, from the bottom of the page."""


def make_pdf(pages: Sequence[Sequence[Line]], *, title: str = "", trailer: str = "") -> bytes:
    """A PDF of Latin text in Helvetica, one content stream a page."""
    streams = [
        "".join(f"BT /F1 {size} Tf 72 {height} Td ({text}) Tj ET\n" for size, height, text in page)
        for page in pages
    ]
    return assemble_pdf(streams, title=title, trailer=trailer)


def make_endless_pdf(depth: int = 12, fan: int = 10) -> bytes:
    """A small PDF whose page draws fan ** depth forms, nested."""
    forms = [
        (f"/Resources << /XObject << /N {8 + level} 0 R >> >>", "/N Do " * fan)
        for level in range(1, depth)
    ]
    forms.append(("", "0 0 1 1 re f"))
    return assemble_pdf(["/X Do"], forms=forms)


def assemble_pdf(
    streams: Sequence[str],
    *,
    title: str = "",
    trailer: str = "",
    forms: Sequence[tuple[str, str]] = (),
) -> bytes:
    first_page = 8 + len(forms)
    kids = " ".join(f"{first_page + 2 * number} 0 R" for number in range(len(streams)))
    objects = {
        1: "<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(streams)} >>",
        3: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        4: f"<< /Title ({title}) >>",
    }
    for number, (resources, content) in enumerate(forms):
        objects[8 + number] = (
            f"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] {resources}"
            f" /Length {len(content)} >>\nstream\n{content}\nendstream"
        )
    for number, stream in enumerate(streams):
        place = first_page + 2 * number
        objects[place] = (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R"
            f" >> /XObject << /X 8 0 R >> >> /Contents {place + 1} 0 R >>"
        )
        objects[place + 1] = f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream"
    written = "%PDF-1.4\n"
    offsets = {}
    for number, content in objects.items():
        offsets[number] = len(written)
        written += f"{number} 0 obj\n{content}\nendobj\n"
    table = len(written)
    written += f"xref\n0 {max(objects) + 1}\n0000000000 65535 f \n"
    for number in range(1, max(objects) + 1):
        written += f"{offsets.get(number, 0):010} 00000 {'n' if number in offsets else 'f'} \n"
    written += (
        f"trailer\n<< /Size {max(objects) + 1} /Root 1 0 R /Info 4 0 R {trailer} >>\n"
        f"startxref\n{table}\n%%EOF\n"
    )
    return written.encode("latin-1")
