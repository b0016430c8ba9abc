"""A small package index on this machine, for tests of what is fetched from one."""

import datetime
import hashlib
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

JSON, HTML = "application/vnd.pypi.simple.v1+json", "text/html"


class Index:
    """What the index serves, and what it was asked; `answers` overrides the answer to some paths."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}  # by project and name
        self.kind = JSON
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.address = ""

    @property
    def url(self) -> str:
        return f"{self.address}/simple/"

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, kind and content of a page (PEP 691 or 503) or of a file."""
        if path in self.answers:
            return self.answers[path][0], "text/plain", self.answers[path][1]
        room, project, *name = path.strip("/").split("/")
        if project not in self.files:
            return 404, "text/plain", b"no such project"
        if room == "files":
            return 200, "application/octet-stream", self.files[project][name[0]]
        urls = {name: f"../../files/{project}/{name}" for name in self.files[project]}
        if self.kind == JSON:
            digests = {name: hashlib.sha256(content).hexdigest() for name, content in self.files[project].items()}
            files = [{"filename": name, "url": urls[name], "hashes": {"sha256": digests[name]}} for name in urls]
            body = json.dumps({"meta": {"api-version": "1.0"}, "name": project, "files": files})
        else:
            links = "".join(f'<a href="{url}">{name}</a>' for name, url in urls.items())
            body = f"<!DOCTYPE html><html><body>{links}</body></html>"
        return 200, self.kind, body.encode()


@contextmanager
def served(context: ssl.SSLContext | None = None) -> Iterator[Index]:
    """An index that is served on a port of this machine, over https with a context."""
    index = Index()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.asked.append((self.path, dict(self.headers)))
            status, kind, content = index.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:  # a client that goes away is meant
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        index.address = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield index
        server.shutdown()


def own_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for this machine that no system knows, and a server's context with it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "test")])
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context
