"""Which archive of a package index holds what is needed: said by networks, fetched by `stages.formats.archives`."""

from typing import NamedTuple


class Pinned(NamedTuple):
    """A wheel or source archive: its package and version, its file and digest, and the licence of what is used."""

    package: str
    version: str
    file: str
    sha256: str
    licence: str
