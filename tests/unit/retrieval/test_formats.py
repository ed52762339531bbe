"""What is read, and by what."""

import subprocess
import sys

import pytest

from retrieval.errors import DocumentUnreadable
from retrieval.parsing.formats import PARSERS, find_parser, parse_content
from retrieval.sources.media_types import MEDIA_TYPES, guess_media_type


@pytest.mark.parametrize("media_type", PARSERS)
def test_every_format_has_its_parser(media_type: str) -> None:
    assert callable(find_parser(PARSERS[media_type]))


def test_what_is_listed_can_be_parsed_and_the_other_way_round() -> None:
    assert set(MEDIA_TYPES.values()) == set(PARSERS)


@pytest.mark.parametrize(
    "name", ["app.min.js", "x-min.js", "a_pb2.py", "a.pb.go", "types.d.ts", "a.png"]
)
def test_what_programs_wrote_is_not_read(name: str) -> None:
    assert guess_media_type(name) is None


def test_unknown_and_empty_content_is_refused() -> None:
    with pytest.raises(DocumentUnreadable, match="image/png"):
        parse_content(b"x", "image/png", "x.png")
    with pytest.raises(DocumentUnreadable, match="empty"):
        parse_content(b" \n", "text/plain", "x.txt")


def test_a_process_that_reads_one_format_does_not_load_the_others() -> None:
    code = (
        "import sys, retrieval.parsing.child; print('pptx' in sys.modules, 'docx' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "False"]
