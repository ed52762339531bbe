"""Charts: well-formed, true to their values, and safe whatever the names hold."""

import re

import pytest
from lxml import etree

from retrieval.evaluation.chart import STRONG, Bars, Lines, draw_bars, draw_lines

SVG = "{http://www.w3.org/2000/svg}"
BARS = Bars(
    "nDCG@10 by pipeline",
    "nDCG@10",
    ("one", "two"),
    {"naive": (0.25, 0.5), "default": (0.5, 1.0)},
)
LINES = Lines("Time", "ms", "chunks", (10, 100, 1000), {"p50": (1, 2, 3), "p95": (2, 4, 9)})


def heights(svg: str, colour: str) -> list[float]:
    """Of the bars of one colour, without the legend's square."""
    found = [
        float(one.get("height", ""))
        for one in etree.fromstring(svg).iter(f"{SVG}rect")
        if one.get("fill") == colour
    ]
    return found[1:]


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in etree.fromstring(svg).iter(f"{SVG}text")]


def test_bars_are_as_high_as_their_values() -> None:
    half, full = heights(draw_bars(BARS), STRONG)
    assert full == pytest.approx(2 * half)


def test_bars_are_titled_labelled_and_explained() -> None:
    shown = texts(draw_bars(BARS))
    for word in ("nDCG@10 by pipeline", "one", "two", "naive", "default", ".25", "1.00"):
        assert word in shown


def test_names_of_sets_and_pipelines_are_escaped() -> None:
    name = "<script>&\"'"
    bars = Bars(name, name, (name,), {name: (0.5,)})
    assert texts(draw_bars(bars)).count(name) == 4


@pytest.mark.parametrize("sets", [1, 7, 15])
def test_nothing_lies_outside_the_picture(sets: int) -> None:
    groups = tuple(f"a-set-of-some-length-{n}" for n in range(sets))
    root = etree.fromstring(
        draw_bars(Bars("t", "a", groups, {str(n): (0.5,) * sets for n in range(6)}))
    )
    width = float(root.get("width", ""))
    right = [float(r.get("x", "0")) + float(r.get("width", "")) for r in root.iter(f"{SVG}rect")]
    assert max(right) <= width


def test_a_value_beyond_the_axis_is_cut_in_the_drawing_only() -> None:
    svg = draw_bars(Bars("t", "a", ("g",), {"s": (1.5,)}))
    assert heights(svg, STRONG) == heights(draw_bars(Bars("t", "a", ("g",), {"s": (1,)})), STRONG)
    assert "1.50" in texts(svg)


def test_lines_rise_with_their_values_over_a_logarithmic_axis() -> None:
    root = etree.fromstring(draw_lines(LINES))
    _, high = [one.get("points", "") for one in root.iter(f"{SVG}polyline")]
    points = [tuple(map(float, point.split(","))) for point in high.split()]
    (x1, y1), (x2, y2), (x3, y3) = points
    assert x2 - x1 == pytest.approx(x3 - x2)
    assert y1 - y2 == pytest.approx((y2 - y3) * 2 / 5, abs=0.2)


def test_limits_are_drawn_and_named() -> None:
    limited = Lines("t", "ms", "n", (1, 2), {"p95": (1, 2)}, (3, 4))
    svg = draw_lines(limited)
    assert "limit" in texts(svg)
    assert len(re.findall("stroke-dasharray", svg)) == 2


def test_lines_at_zero_and_at_one_place_are_drawn() -> None:
    assert "0" in texts(draw_lines(Lines("t", "ms", "n", (5,), {"p95": (0.0,)})))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Bars("t", "a", (), {}),
        lambda: Bars("t", "a", ("g",), {"s": (1, 2)}),
        lambda: Lines("t", "a", "p", (2, 1), {"s": (1, 2)}),
        lambda: Lines("t", "a", "p", (0, 1), {"s": (1, 2)}),
        lambda: Lines("t", "a", "p", (1, 2), {"s": (1, 2)}, (1,)),
    ],
)
def test_values_that_do_not_fit_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match="chart|series"):
        make()
