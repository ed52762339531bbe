"""Where citations lead."""

import pytest

from retrieval.links import link_place


@pytest.mark.parametrize(
    ("url", "anchor", "link"),
    [
        ("https://x.example/a", None, "https://x.example/a"),
        ("https://x.example/a", "set-up", "https://x.example/a#set-up"),
        ("https://x.example/a.pdf", "page=3", "https://x.example/a.pdf#page=3"),
        ("https://x.example/a#m1", "set-up", "https://x.example/a#m1"),
        ("https://github.com/o/r/blob/main/a.py", "L3-L9", "https://github.com/o/r/blob/main/a.py#L3-L9"),
        ("https://gitlab.com/o/r/-/blob/main/a.py", "L3-L9", "https://gitlab.com/o/r/-/blob/main/a.py#L3-9"),
        ("https://gitlab.com/o/r/-/blob/main/a.py", "L3", "https://gitlab.com/o/r/-/blob/main/a.py#L3"),
        ("https://bitbucket.org/o/r/src/main/a.py", "L3-L9", "https://bitbucket.org/o/r/src/main/a.py#lines-3:9"),
        ("https://bitbucket.org/o/r/src/main/a.py", "L3", "https://bitbucket.org/o/r/src/main/a.py#lines-3"),
        ("https://codeberg.org/o/r/src/branch/main/a.py", "L3-L9",
         "https://codeberg.org/o/r/src/branch/main/a.py#L3-L9"),
    ],
)  # fmt: skip
def test_a_place_is_linked_as_its_host_wants_it(url: str, anchor: str | None, link: str) -> None:
    assert link_place(url, anchor) == link
