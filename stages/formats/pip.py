"""Where and how pip is configured to fetch packages: another index, certificates, a proxy. Its files are read by pip.

What pip itself only prints is taken over here, for archives that are fetched without pip (`stages.formats.archives`).
"""

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import NamedTuple

import requests
from pypi_simple import PYPI_SIMPLE_ENDPOINT
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from stages.errors import UserError

SECTIONS = ("global", "download")  # of pip's configuration files; the later one is the stronger
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
RETRIES, TIMEOUT = 5, 15  # pip's own defaults; s
OVERLOADED = (500, 502, 503, 504)  # HTTP states that pass


class Indexes(NamedTuple):
    """Where packages are looked for, in this order, and how."""

    urls: list[str]
    session: requests.Session
    timeout: float  # s


def settings() -> dict[str, str]:
    """pip's settings by the names of its options: of its files, of its section for downloads, of the environment.

    Raises:
        UserError: pip cannot read its files.
    """
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in _listed():
        key, _, value = line.partition("=")
        section, _, option = key.partition(".")
        if section in found:
            found[section][option] = ast.literal_eval(value)
    environment = {
        key.removeprefix("PIP_").lower().replace("_", "-"): value
        for key, value in os.environ.items()
        if key.startswith("PIP_") and value
    }
    options = found["global"] | found["download"] | environment
    # pip knows two options by an older name too.
    return {key.replace("default-timeout", "timeout").replace("pypi-url", "index-url"): options[key] for key in options}


def _listed() -> list[str]:
    """The lines of `pip config list`, none where pip is not installed."""
    if find_spec("pip") is None:
        return []
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise UserError(f"pip cannot read its configuration: {reason}; see `pip config debug`")
    return done.stdout.splitlines()


def indexes(options: Mapping[str, str]) -> Indexes:
    """What some settings of pip's come to."""
    urls = [options.get("index-url", PYPI_SIMPLE_ENDPOINT), *options.get("extra-index-url", "").split()]
    if options.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        urls = []
    return Indexes(urls, _session(options), float(options.get("timeout", TIMEOUT)))


def _session(options: Mapping[str, str]) -> requests.Session:
    session = requests.Session()
    retries = Retry(int(options.get("retries", RETRIES)), backoff_factor=0.25, status_forcelist=OVERLOADED)
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retries))
    for host in options.get("trusted-host", "").split():
        for end in ("/", ":"):  # whatever its port
            session.mount(f"https://{host}{end}", _TrustingAdapter(max_retries=retries))
    certificates = [options.get("cert"), *map(os.environ.get, CERTIFICATES)]
    session.verify = next(filter(None, certificates), True)
    session.cert = options.get("client-cert")
    if proxy := options.get("proxy"):
        session.proxies = {"http": proxy, "https": proxy}
        session.trust_env = False  # its proxies would be the stronger ones
    return session


class _TrustingAdapter(HTTPAdapter):
    """For hosts whose certificates pip is told not to look at; what comes from them has its digest checked anyway."""

    def cert_verify(self, conn: object, url: object, verify: object, cert: object) -> None:
        super().cert_verify(conn, url, False, cert)  # type: ignore[no-untyped-call]  # its stubs leave it out
