"""Archives of packages: fetched by their digest without anything of them being run, and read within limits."""

import base64
import io
import os
import tarfile
import zipfile

import pytest
from package_index import HTML, JSON, own_certificate, served

from stages.formats import archives
from stages.formats.archives import fetch, read_member
from stages.formats.files import sha256
from stages.formats.pinned import Pinned

NAME = "some_package-1.0.tar.gz"


def sdist(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def wheel(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def mark(tmp_path):
    """The file that the package's setup.py would make."""
    return tmp_path / "mark"


@pytest.fixture
def content(mark) -> bytes:
    setup = (
        f"open({str(mark)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='some_package', version='1.0')\n"
    )
    return sdist({"some_package-1.0/setup.py": setup.encode(), "some_package-1.0/data.bin": b"weights"})


@pytest.fixture
def package(content) -> Pinned:
    return Pinned("some_package", "1.0", NAME, sha256(content), "MIT")


@pytest.fixture
def packages(tmp_path):
    return tmp_path / "packages"


@pytest.fixture(autouse=True)
def configured(monkeypatch):
    """pip with no settings but those of the test."""
    for variable in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(variable)
    settings = {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0", "NO_PROXY": "127.0.0.1"}
    for variable, value in settings.items():
        monkeypatch.setenv(variable, value)


@pytest.fixture
def index(content, monkeypatch):
    with served() as index:
        index.files["some-package"] = {"some_package-0.9.tar.gz": b"older", NAME: content}
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        yield index


@pytest.mark.parametrize("kind", [JSON, HTML])
def test_a_source_archive_is_fetched_and_its_setup_is_not_run(index, package, content, packages, mark, kind):
    index.kind = kind
    archive = fetch(package, packages)
    assert archive == packages / NAME and archive.read_bytes() == content
    assert list(packages.iterdir()) == [archive] and archive.stat().st_mode & 0o777 == 0o644
    assert not mark.exists()
    assert read_member(archive, "some_package-1.0/data.bin") == b"weights"
    asked = len(index.asked)
    assert fetch(package, packages) == archive and len(index.asked) == asked, "it is there"


def test_the_index_may_stand_in_pips_own_files(index, package, packages, tmp_path, monkeypatch):
    monkeypatch.delenv("PIP_INDEX_URL")
    (tmp_path / "pip.conf").write_text(
        f"[global]\nindex-url = {index.address}/no\n[download]\nindex-url = {index.url}\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    fetch(package, packages)
    (tmp_path / "pip.conf").write_text("[global\n")
    (packages / NAME).unlink()
    with pytest.raises(archives.UserError, match="pip cannot read its configuration"):
        fetch(package, packages)


def test_what_the_first_index_lacks_comes_from_the_next(index, package, packages, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", f"{index.address}/empty/")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"file:///nowhere/simple {index.url}")
    assert fetch(package, packages).exists()


def test_a_password_is_sent_and_never_shown(index, package, packages, monkeypatch, refused):
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("://", "://me:secret@"))
    fetch(package, packages)
    expected = "Basic " + base64.b64encode(b"me:secret").decode()
    assert [headers["Authorization"] for _, headers in index.asked] == [expected, expected]
    (packages / NAME).unlink()
    index.answers["/simple/some-package/"] = 403, b"no"
    refused(r"^((?!secret).)*\(127.0.0.1: HTTP status 403\)((?!secret).)*$", fetch, package, packages)


@pytest.mark.parametrize(
    ("path", "answer", "message"),
    [
        ("/simple/some-package/", (404, b""), "127.0.0.1 does not have it"),
        ("/simple/some-package/", (500, b""), "127.0.0.1: "),
        ("/simple/some-package/", (200, b"welcome"), "127.0.0.1 is not a package index"),
        (f"/files/some-package/{NAME}", (404, b""), "127.0.0.1: HTTP status 404"),
        (f"/files/some-package/{NAME}", (200, b"another"), f"sent another file: its sha256 is {sha256(b'another')}"),
    ],
)
def test_what_cannot_be_fetched_gives_one_line_and_leaves_nothing(
    index, package, packages, refused, path, answer, message
):
    index.answers[path] = answer
    refused(f"^{packages / NAME}: .*{message}", fetch, package, packages)
    assert list(packages.iterdir()) == []


def test_an_index_that_lacks_the_version(index, package, packages, refused):
    refused("some_package 2.0 .127.0.0.1 does not have it", fetch, package._replace(version="2.0", file="x"), packages)


def test_no_index_and_no_network(package, packages, refused, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    refused("127.0.0.1: no connection.; check the network", fetch, package, packages)
    monkeypatch.setenv("PIP_INDEX_URL", "file:///nowhere")
    refused("not read, as its address is not one of http", fetch, package, packages)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    refused("pip is configured to use no index", fetch, package, packages)


def test_a_file_without_end_is_given_up(index, package, packages, refused, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_ARCHIVE", 100)
    refused("the index sends more than", fetch, package, packages)
    assert list(packages.iterdir()) == []


def test_what_a_killed_run_left_is_removed(index, package, packages):
    packages.mkdir()
    (packages / f".{NAME}.abc").write_bytes(b"half")
    assert list(packages.iterdir()) != [fetch(package, packages)] == list(packages.iterdir())


@pytest.mark.parametrize("variable", ["PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_certificate_of_ones_own(package, content, packages, tmp_path, refused, monkeypatch, variable):
    for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(other, raising=False)
    certificate, context = own_certificate(tmp_path)
    with served(context) as index:
        index.files["some-package"] = {NAME: content}
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        refused("127.0.0.1: its certificate is not accepted", fetch, package, packages)
        monkeypatch.setenv(variable, str(certificate))
        assert fetch(package, packages).exists()


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_trusted_host_and_a_proxy(package, content, packages, tmp_path, refused, monkeypatch):
    _, context = own_certificate(tmp_path)
    with served(context) as index:
        index.files["some-package"] = {NAME: content}
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        monkeypatch.setenv("PIP_TRUSTED_HOST", "127.0.0.1")
        assert fetch(package, packages).exists()
        (packages / NAME).unlink()
        monkeypatch.setenv("PIP_PROXY", "http://127.0.0.1:9")
        refused("127.0.0.1: the proxy does not answer", fetch, package, packages)


PACKED = {"data.whl": wheel, "data.tar.gz": sdist}


@pytest.fixture(params=PACKED)
def packed(request, tmp_path):
    """Write an archive of either kind."""

    def write(files):
        path = tmp_path / request.param
        path.write_bytes(PACKED[request.param](files))
        return path

    return write


def test_a_member_is_read_by_name_wherever_its_path_leads(packed, tmp_path):
    archive = packed({"../outside": b"a", "p/data.bin": b"b", "/etc/x": b"", "later": b"c"})
    assert [read_member(archive, name) for name in ("../outside", "p/data.bin", "later")] == [b"a", b"b", b"c"]
    assert list(tmp_path.iterdir()) == [archive]


def test_a_member_that_is_missing_or_too_large(packed, refused, monkeypatch):
    archive = packed({"a": bytes(3 * archives.MIB), "b": b"small"})
    refused(f"^{archive}: has no file c; remove it", read_member, archive, "c")
    monkeypatch.setattr(archives, "LARGEST_FILE", 2 * archives.MIB)
    refused(f"^{archive}: a has 3 MiB, more than 2; not read", read_member, archive, "a")
    assert read_member(archive, "b") == b"small"


def test_too_much_in_an_archive(packed, refused, monkeypatch):
    archive = packed({f"{number}": bytes(archives.MIB) for number in range(4)})
    monkeypatch.setattr(archives, "LARGEST_CONTENT", 3 * archives.MIB)
    refused(f"^{archive}: holds more than", read_member, archive, "3")
    monkeypatch.setattr(archives, "LARGEST_CONTENT", 4 * archives.MIB)
    monkeypatch.setattr(archives, "MOST_FILES", 3)
    refused(f"^{archive}: holds more than 3 files", read_member, archive, "3")


@pytest.mark.parametrize("keep", [0, 0.5, 0.98])
def test_a_damaged_archive(packed, refused, keep):
    archive = packed({"a": os.urandom(3000), "b": os.urandom(3000)})
    archive.write_bytes(archive.read_bytes()[: int(keep * archive.stat().st_size)])
    refused(f"^{archive}: ", read_member, archive, "b")


def test_a_member_that_states_less_than_it_holds_is_refused(tmp_path, refused):
    archive = tmp_path / "bomb.whl"
    content = wheel({"a": bytes(3 * archives.MIB)})
    archive.write_bytes(content.replace((3 * archives.MIB).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    refused(f"^{archive}: cannot be read", read_member, archive, "a")


def test_a_link_or_a_folder_is_no_file(tmp_path, refused):
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, kind in (("link", tarfile.SYMTYPE), ("folder", tarfile.DIRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/hostname"
            tar.addfile(info)
    for name in ("link", "folder"):
        refused(f"^{archive}: has no file {name}", read_member, archive, name)
