"""The curve of thresholds as a picture."""

from xml.etree import ElementTree as ET

from agents.evaluation.answers import AnswerReport, ThresholdRow
from agents.evaluation.curve import draw_curve


def test_the_curve_has_a_line_for_each_kind_and_marks_the_shipped_threshold() -> None:
    curve = tuple(ThresholdRow(at / 10, 1 - at / 10, 0.5, 0.2) for at in range(1, 10))
    shipped = ThresholdRow(0.47, 0.8, 0.19, 0.6)
    report = AnswerReport(10, 5, 0.8, 0.9, 0.8, 0.9, 0.6, shipped, curve, 3, 3, 3)
    picture = ET.fromstring(draw_curve(report))  # noqa: S314 - our own drawing
    lines = [one for one in picture if one.tag.endswith("polyline")]
    assert len(lines) == 3
    assert all(len(str(line.get("points")).split()) == 10 for line in lines)
    words = " ".join(one.text or "" for one in picture)
    assert "shipped: 0.47" in words
    assert "its answer is in the sources: 80%" in words
