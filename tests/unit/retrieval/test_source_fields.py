"""What admins fill in, and what is declared so that they can."""

import pytest

from retrieval.errors import InvalidField, InvalidSource
from retrieval.sources.fields import Field, FieldKind, number, read_config, text, texts
from retrieval.sources.registry import KINDS, SourceKind, check_config, describe_place, find_kind

FIELDS = (
    Field("url", "Address", "Where it begins.", is_required=True),
    Field("include", "Only", "Patterns.", kind=FieldKind.LIST, example="*.md"),
    Field("pages", "Pages", "At most.", kind=FieldKind.NUMBER, default=100, least=1, most=500),
    Field("how", "How", "By what.", kind=FieldKind.CHOICE, choices=("crawl", "sitemap")),
)


def test_what_was_typed_takes_the_form_of_its_field() -> None:
    typed = {"url": " https://a.example ", "include": "*.md, b/*\n\nc", "pages": "1,00"}
    read = read_config("test", FIELDS, {**typed, "how": "crawl"})
    assert read == {
        "url": "https://a.example",
        "include": ["*.md", "b/*", "c"],
        "pages": 100,
        "how": "crawl",
    }
    assert read_config("test", FIELDS, read) == read
    assert texts(read, "include") == ("*.md", "b/*", "c")
    assert (text(read, "url"), text(read, "none", "x")) == ("https://a.example", "x")
    assert (number(read, "pages", 1), number(read, "none", 1)) == (100, 1)


def test_what_is_left_empty_is_not_stored() -> None:
    empty = {"include": " \n", "pages": "", "how": None}
    assert read_config("test", FIELDS, {"url": "x", **empty}) == {"url": "x"}


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "url"),
        ({"url": " "}, "url"),
        ({"url": 3}, "url"),
        ({"url": "a\nb"}, "url"),
        ({"url": "x", "include": [1]}, "include"),
        ({"url": "x", "pages": "many"}, "pages"),
        ({"url": "x", "pages": 0}, "pages"),
        ({"url": "x", "pages": 501}, "pages"),
        ({"url": "x", "how": "magic"}, "how"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_field(
    config: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidField, match=field) as caught:
        read_config("test", FIELDS, config)
    assert caught.value.field == field


def test_unknown_settings_and_kinds_are_refused() -> None:
    with pytest.raises(InvalidSource, match="no setting 'ulr'; it has url"):
        read_config("test", FIELDS, {"ulr": "x"})
    with pytest.raises(InvalidSource, match="files"):
        check_config("carrier-pigeon", {})
    with pytest.raises(InvalidSource, match="files"):
        find_kind("carrier-pigeon")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_declarations_fit_where_they_are_shown(kind: SourceKind) -> None:
    assert kind.fields[0].is_required
    names = [field.name for field in kind.fields]
    assert len(set(names)) == len(names)
    first_four = {field.name for field in kind.fields[:4]}
    assert {field.name for field in kind.fields if field.is_required} <= first_four
    for field in kind.fields:
        assert field.name.isidentifier()
        assert field.name.islower()
        assert 0 < len(field.label) <= 45
        assert 0 < len(field.help) <= 100
        assert field.help.endswith(".")
        assert (field.kind is FieldKind.CHOICE) == bool(field.choices)
        # a form shows the default as what was filled in
        if field.default is not None:
            assert not field.is_secret
            assert read_config("test", (field,), {field.name: field.default})


def test_the_place_of_a_source_is_its_first_field() -> None:
    assert describe_place("files", {"path": "/srv", "include": ["x"]}) == "/srv"
    assert describe_place("slack", {"channels": ["C0123456789", "C1"]}) == "C0123456789, C1"
    assert describe_place("carrier-pigeon", {"loft": "x"}) == ""
