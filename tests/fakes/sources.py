"""Connectors for tests of what lies above them."""

from retrieval.model import Source
from retrieval.sources.files import FilesConnector, read_files_settings


def open_files(source: Source) -> FilesConnector:
    """The connector of a `files` source, which needs nothing of its surroundings."""
    return FilesConnector(read_files_settings(source.config))
