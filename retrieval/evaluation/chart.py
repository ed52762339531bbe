"""Draws charts as SVG, with nothing but text: bars in groups, and lines over a logarithmic axis.

Pure: values in, a document out that stands alone (SVG 1.1), dark on white.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

INK = "#1f2933"
FAINT = "#d9dee4"
MUTED = "#52606d"
PALETTE = ("#b8c4ce", "#8fb8de", "#e0a458", "#6aa57c", "#c06c84", "#7d6bb0")
ALARM = "#b3261e"
STRONG = "#1b4965"
"""The last series is the one that matters; those before it take the palette in turn."""

FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
TOP = 84
BOTTOM = 64
LEFT = 64
RIGHT = 24
HEIGHT = 440
LINES_WIDTH = 720
PLOT = HEIGHT - TOP - BOTTOM
LETTER = 6.6
"""About the width of a character at 12 px."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars from 0 to 1, in groups: `series[name][i]` belongs to `groups[i]`."""

    title: str
    axis: str
    groups: Sequence[str]
    series: Mapping[str, Sequence[float]]

    def __post_init__(self) -> None:
        _check_lengths(self.series, len(self.groups), "groups")


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines over places on a logarithmic axis: `series[name][i]` belongs to `places[i]`.

    Places are positive and rise; values are not negative. `limits`, one for each place where
    there are any, are drawn as a mark that the lines should stay below.
    """

    title: str
    axis: str
    place_axis: str
    places: Sequence[float]
    series: Mapping[str, Sequence[float]]
    limits: Sequence[float] = ()

    def __post_init__(self) -> None:
        _check_lengths(self.series, len(self.places), "places")
        if list(self.places) != sorted(set(self.places)) or self.places[0] <= 0:
            raise ValueError("the places of a chart are positive and rise")
        if self.limits and len(self.limits) != len(self.places):
            raise ValueError("a chart has one limit for each place, or none")


def draw_bars(bars: Bars) -> str:
    """The chart as an SVG document. Values beyond 0..1 are cut for the drawing only.

    A value that is not a number leaves its place empty.
    """
    count = len(bars.series)
    bar = max(10, min(24, 960 // (len(bars.groups) * (count + 1))))
    group = bar * count + max(bar, 18)
    group = max(group, int(max(len(name) for name in bars.groups) * LETTER) + 12)
    width = max(560, LEFT + RIGHT + group * len(bars.groups))
    step = (width - LEFT - RIGHT) / len(bars.groups)
    parts = [
        *_head(bars.title, bars.axis, width),
        *_legend(dict(zip(bars.series, _colours(count), strict=True))),
    ]
    parts += _grid(width, [(tick / 5, f"{tick / 5:.1f}") for tick in range(6)])
    colours = _colours(count)
    for place, name in enumerate(bars.groups):
        start = LEFT + step * place + (step - bar * count) / 2
        for index, (series, values) in enumerate(bars.series.items()):
            if not math.isnan(values[place]):
                parts += _bar(start + bar * index, bar, values[place], colours[index], series)
        middle = LEFT + step * (place + 0.5)
        weight = ' font-weight="bold"' if name == "mean" else ""
        parts.append(_text(middle, HEIGHT - BOTTOM + 20, name, f'text-anchor="middle"{weight}'))
    return _close(parts, width)


def draw_lines(lines: Lines) -> str:
    """The chart as an SVG document."""
    colours = _colours(len(lines.series), PALETTE[1:])
    legend = dict(zip(lines.series, colours, strict=True))
    if lines.limits:
        legend["limit"] = ALARM
    step, top = _measure_axis(lines)
    ticks = [(step * tick / top, f"{step * tick:g}") for tick in range(round(top / step) + 1)]
    xs = _spread(lines.places)
    parts = [
        *_head(lines.title, lines.axis, LINES_WIDTH),
        *_legend(legend),
        *_grid(LINES_WIDTH, ticks),
    ]
    centred = 'text-anchor="middle"'
    under = HEIGHT - BOTTOM
    parts += [
        _text(x, under + 20, f"{place:,.0f}", centred)
        for x, place in zip(xs, lines.places, strict=True)
    ]
    middle = (xs[0] + xs[-1]) / 2
    parts.append(_text(middle, under + 44, lines.place_axis, f'{centred} fill="{MUTED}"'))
    parts += [
        f'<path d="M{x - 22:.1f} {_up(limit / top):.1f}h44" stroke="{ALARM}" stroke-width="2" '
        'stroke-dasharray="5 3"/>'
        for x, limit in zip(xs, lines.limits, strict=False)
    ]
    lowest = [min(values) for values in zip(*lines.series.values(), strict=True)]
    for values, colour in zip(lines.series.values(), colours, strict=True):
        below = [
            len(lines.series) > 1 and v == least for v, least in zip(values, lowest, strict=True)
        ]
        parts += _line(xs, [(value, value / top) for value in values], below, colour)
    return _close(parts, LINES_WIDTH)


def _measure_axis(lines: Lines) -> tuple[float, float]:
    """The step between the ticks, and the value at the top."""
    highest = max([*(value for values in lines.series.values() for value in values), *lines.limits])
    step = _round_step(highest / 5)
    return step, step * max(1, math.ceil(highest / step - 1e-9))


def _spread(places: Sequence[float]) -> list[float]:
    """Where the places lie across the chart, by their logarithms."""
    first, last = math.log(places[0]), math.log(places[-1])
    inner = LINES_WIDTH - LEFT - RIGHT - 80
    return [
        LEFT + 40 + inner * ((math.log(place) - first) / (last - first) if last > first else 0.5)
        for place in places
    ]


def _line(
    xs: Sequence[float],
    values: Sequence[tuple[float, float]],
    below: Sequence[bool],
    colour: str,
) -> Iterator[str]:
    """A line through (value, share of the height); `below` says which labels hang under it."""
    points = [(x, _up(share)) for x, (_, share) in zip(xs, values, strict=True)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
    for (x, y), (value, share), under in zip(points, values, below, strict=True):
        drop = 17 if under and share > 0.06 else -9
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
        yield _text(x, y + drop, f"{value:.3g}", 'text-anchor="middle" font-size="11"')


def _check_lengths(series: Mapping[str, Sequence[float]], length: int, what: str) -> None:
    if not length or not series:
        raise ValueError(f"a chart needs {what} and series")
    wrong = [name for name, values in series.items() if len(values) != length]
    if wrong:
        raise ValueError(f"the series {wrong[0]!r} does not have one value for each of {what}")


def _bar(x: float, width: int, value: float, colour: str, name: str) -> Iterator[str]:
    y = _up(min(max(value, 0.0), 1.0))
    label = f"{value:.2f}".removeprefix("0")
    yield (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width - 1.5:.1f}" '
        f'height="{HEIGHT - BOTTOM - y:.1f}" fill="{colour}">'
        f"<title>{escape(name)} {value:.3f}</title></rect>"
    )
    size = 10 if width >= 20 else 9
    if width >= 14:
        middle = x + (width - 1.5) / 2
        yield _text(middle, y - 4, label, f'text-anchor="middle" font-size="{size}"')
    else:
        middle = x + width / 2 + 2
        turned = f'transform="rotate(-90 {middle:.1f} {y - 4:.1f})" font-size="{size}"'
        yield _text(middle, y - 4, label, turned)


def _head(title: str, axis: str, width: float) -> Iterator[str]:
    yield f"<title>{escape(title)}</title>"
    yield f'<rect width="{width}" height="{HEIGHT}" fill="#ffffff"/>'
    yield _text(LEFT, 28, title, 'font-size="17" font-weight="bold"')
    middle = TOP + PLOT / 2
    yield _text(
        18,
        middle,
        axis,
        f'text-anchor="middle" fill="{MUTED}" transform="rotate(-90 18 {middle})"',
    )


def _legend(colours: Mapping[str, str]) -> Iterator[str]:
    x = float(LEFT)
    for name, colour in colours.items():
        yield f'<rect x="{x:.1f}" y="44" width="12" height="12" fill="{colour}"/>'
        yield _text(x + 17, 54, name)
        x += 17 + len(name) * LETTER + 18


def _grid(width: float, ticks: Sequence[tuple[float, str]]) -> Iterator[str]:
    for share, label in ticks:
        y = _up(share)
        colour = INK if share == 0 else FAINT
        yield f'<path d="M{LEFT} {y:.1f}H{width - RIGHT}" stroke="{colour}" stroke-width="1"/>'
        yield _text(LEFT - 8, y + 4, label, f'text-anchor="end" fill="{MUTED}"')


def _colours(count: int, palette: Sequence[str] = PALETTE) -> tuple[str, ...]:
    return (*(palette[index % len(palette)] for index in range(count - 1)), STRONG)


def _up(share: float) -> float:
    """Where a share of the plot's height lies."""
    return HEIGHT - BOTTOM - share * PLOT


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 … and their fractions that is not below `least`."""
    if least <= 0:
        return 1.0
    power = math.pow(10, math.floor(math.log10(least)))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999)


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"{" " if style else ""}{style}>{escape(text)}</text>'


def _close(parts: Sequence[str], width: float) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" '
        f'height="{HEIGHT}" role="img" font-family="{FONT}" font-size="12" fill="{INK}">'
    )
    return "\n".join([head, *parts, "</svg>", ""])
