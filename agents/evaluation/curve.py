"""Draws how many questions are answered at each threshold, as an SVG document. Pure."""

from collections.abc import Sequence

from agents.evaluation.answers import AnswerReport, ThresholdRow

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 48, 56
_LINES = (
    ("answerable", "its answer is in the sources", "#1f77b4"),
    ("missing", "its paragraph was taken away", "#d62728"),
    ("adversarial", "written to have no answer", "#ff7f0e"),
)


def draw_curve(report: AnswerReport) -> str:
    """Shares answered by threshold, a line for each kind of question, the shipped one marked."""
    shipped = report.shipped
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
            ' font-family="sans-serif" font-size="13">'
        ),
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_LEFT, 22, "Questions answered, by confidence asked for", size=16),
        *_grid(),
        (
            f'<line x1="{_x(shipped.threshold):.1f}" x2="{_x(shipped.threshold):.1f}"'
            f' y1="{_y(0):.1f}" y2="{_y(1):.1f}" stroke="#555" stroke-dasharray="4 4"/>'
        ),
        _text(_x(shipped.threshold) + 6, _y(0) - 8, f"shipped: {shipped.threshold:.2f}"),
    ]
    rows = sorted((*report.curve, shipped), key=lambda row: row.threshold)
    for place, (name, words, colour) in enumerate(_LINES):
        parts += _line(rows, name, colour)
        parts.append(_legend(place, f"{words}: {getattr(shipped, name):.0%}", colour))
    return "\n".join([*parts, "</svg>", ""])


def _x(threshold: float) -> float:
    return _LEFT + threshold * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM)


def _grid() -> list[str]:
    parts: list[str] = []
    for step in range(0, 11, 2):
        share = step / 10
        parts.append(
            f'<line x1="{_x(0):.1f}" x2="{_x(1):.1f}" y1="{_y(share):.1f}" y2="{_y(share):.1f}"'
            ' stroke="#ddd"/>'
        )
        parts.append(_text(_x(0) - 8, _y(share) + 4, f"{share:.0%}", anchor="end"))
        parts.append(_text(_x(share), _y(0) + 18, f"{share:.1f}", anchor="middle"))
    parts.append(_text(_x(0.5), _HEIGHT - 12, "threshold", anchor="middle"))
    return parts


def _line(rows: Sequence[ThresholdRow], name: str, colour: str) -> list[str]:
    points = " ".join(f"{_x(row.threshold):.1f},{_y(getattr(row, name)):.1f}" for row in rows)
    return [f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>']


def _legend(place: int, words: str, colour: str) -> str:
    y = _y(1) + 18 + place * 20
    x = _x(0.62)
    mark = f'<rect x="{x:.1f}" y="{y - 9:.1f}" width="12" height="4" fill="{colour}"/>'
    return mark + _text(x + 18, y - 3, words)


def _text(x: float, y: float, words: str, *, size: int = 13, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{words}</text>'
