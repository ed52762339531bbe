"""Turns bytes of unknown encoding into text."""

import codecs

from charset_normalizer import from_bytes

from retrieval.errors import DocumentUnreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 200_000
_BINARY_SHARE = 0.02


def decode_text(content: bytes, declared: str | None = None) -> str:
    """The text of `content`: by its byte order mark, as UTF-8, as declared, or by likelihood.

    Raises DocumentUnreadable for bytes that are no text in any encoding.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    for encoding in filter(None, ("utf-8", declared)):
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        return _refuse_binary(text)
    best = from_bytes(content[:_SAMPLE]).best()
    if best is None:
        raise DocumentUnreadable("The file is not text in any known encoding. Save it as UTF-8.")
    return _refuse_binary(content.decode(best.encoding, errors="replace"))


def _refuse_binary(text: str) -> str:
    sample = text[:_SAMPLE]
    odd = sum(1 for character in sample if character < " " and character not in "\n\r\t\f\x1b")
    if odd > _BINARY_SHARE * len(sample):
        raise DocumentUnreadable(
            "The file holds binary data, not text. Give it the ending of its real format."
        )
    return text
