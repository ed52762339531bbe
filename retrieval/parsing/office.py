"""What Word, PowerPoint and Excel files have in common: a package of XML parts (ECMA-376)."""

import zipfile
from io import BytesIO

from retrieval.errors import DocumentUnreadable

_OLE_MARK = bytes.fromhex("d0cf11e0a1b11ae1")
_UNPACKED_LIMIT = 200 * 1024 * 1024


def check_package(content: bytes, product: str, ending: str) -> None:
    """Raise DocumentUnreadable unless the file is a package that unpacks to a bearable size.

    `product` is what wrote it and `ending` what it should be called, for words that mend it.
    """
    if content.startswith(_OLE_MARK):
        raise DocumentUnreadable(
            f"The file is encrypted or of the old kind. Save it as {ending} without a password."
        )
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            unpacked = sum(member.file_size for member in package.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise DocumentUnreadable(f"The file is no {product} file, or it was cut short.") from error
    if unpacked > _UNPACKED_LIMIT:
        raise DocumentUnreadable(
            f"The {product} file unpacks to {unpacked // 2**20} MB; {_UNPACKED_LIMIT // 2**20} MB"
            " are allowed. Split it or take out its pictures."
        )
