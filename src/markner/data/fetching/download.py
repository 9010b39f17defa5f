"""Download of corpus files: a file itself, or one member of an archive."""

import logging
import lzma
import re
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import pooch
import requests
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from markner.data.fetching.registry import Source

_RETRY = Retry(total=3, connect=2, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504))
_TIMEOUT = (10.0, 60.0)
_CHUNK = 1 << 20
_HUB = re.compile(r"hf://datasets/(?P<repo_id>[^/@]+(?:/[^/@]+)?)@(?P<revision>[^/]+)/(?P<filename>.+)")
_ATTEMPTS = 3
_DAMAGED = (zlib.error, lzma.LZMAError, EOFError)

# pooch logs each download, which the progress bar and the manifest already show.
logging.getLogger("pooch").setLevel(logging.WARNING)
pooch.get_logger().setLevel(logging.WARNING)


class SourceError(Exception):
    """A source did not give the file; the message is the reason."""


class Downloads:
    """Downloads sources; archives are kept in `cache` and shared.

    An address that failed is not tried again, as hundreds of files may use it.
    """

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self._failed: dict[str, str] = {}
        self._downloaded: set[str] = set()

    def read(self, source: Source) -> bytes:
        """Return the bytes of a source, without the first line that it declares as additional.

        Raises:
            SourceError: the address does not answer, or gives other content than declared.
        """
        if source.url in self._failed:
            raise SourceError(self._failed[source.url])
        if hub := _HUB.fullmatch(source.url):
            content = self._hub_file(source.url, **hub.groupdict())
        elif source.member is None:
            with TemporaryDirectory() as folder:
                content = self._get(source.url, Path(folder)).read_bytes()
        else:
            content = self._member(source.url, source.member)
        if source.drop_first_line is not None:
            first, _, rest = content.partition(b"\n")
            if first.rstrip(b"\r") != source.drop_first_line.encode():
                raise SourceError(f"the first line is not {source.drop_first_line!r}")
            content = rest
        return content

    def renew(self, source: Source) -> bool:
        """Replace the archive of a source by the one that the server has now, once a run; return whether it was.

        The cached archive of an earlier run may be of an older version. It stays if the server does not answer.
        """
        if source.member is None or source.url in self._downloaded or source.url in self._failed:
            return False
        try:
            with TemporaryDirectory(dir=self.cache) as folder:
                archive = self._get(source.url, Path(folder))
                archive.replace(self.cache / archive.name)
        except SourceError:
            del self._failed[source.url]  # Other members may be right.
            return False
        return True

    def _get(self, url: str, folder: Path) -> Path:
        """Download into a folder, completely or not at all; an existing download is used."""

        def download(url: str, output: str, _pooch: object) -> None:
            self._downloaded.add(url)
            _download(url, output)

        try:
            # The hash of an archive is not known; each file is checked by its own hash later.
            return Path(pooch.retrieve(url, known_hash=None, path=folder, downloader=download))
        except (requests.RequestException, OSError, ValueError) as error:
            self._failed[url] = _reason(error)
            raise SourceError(self._failed[url]) from error

    def _hub_file(self, url: str, repo_id: str, revision: str, filename: str) -> bytes:
        """Return the bytes of a dataset file, from the Hugging Face hub or its local cache."""
        try:
            path = hf_hub_download(repo_id, filename, repo_type="dataset", revision=unquote(revision))
        except LocalEntryNotFoundError as error:
            self._failed[url] = "not in the local cache of the Hugging Face hub, and the hub does not answer"
            raise SourceError(self._failed[url]) from error
        except (HfHubHTTPError, OSError, ValueError) as error:
            self._failed[url] = _reason(error)
            raise SourceError(self._failed[url]) from error
        return Path(path).read_bytes()

    def _member(self, url: str, member: str) -> bytes:
        archive = self._get(url, self.cache)
        try:
            return read_member(archive, member)
        except (zipfile.BadZipFile, tarfile.TarError, *_DAMAGED, OSError, RuntimeError) as error:
            # A RuntimeError is a zip with a password or an unknown compression method.
            # A damaged archive is removed, or the next run would fail on it again.
            archive.unlink(missing_ok=True)
            self._failed[url] = f"unreadable archive: {error}"
            raise SourceError(self._failed[url]) from error


def read_member(archive: Path, member: str) -> bytes:
    """Return one regular file of a zip or tar archive, without unpacking the archive.

    Raises:
        SourceError: the name leaves the archive, is not in it, or is not a regular file.
    """
    path = PurePosixPath(member)
    if path.is_absolute() or ".." in path.parts or "\\" in member:
        raise SourceError(f"refused: the member name {member!r} leaves the archive")
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            try:
                info = opened.getinfo(member)
            except KeyError as error:
                raise SourceError(f"no member {member!r} in the archive") from error
            if info.is_dir() or (info.external_attr >> 16) & 0o170000 == 0o120000:
                raise SourceError(f"refused: {member!r} is not a regular file")
            return opened.read(info)
    with tarfile.open(archive) as packed:
        try:
            entry = packed.getmember(member)
        except KeyError as error:
            raise SourceError(f"no member {member!r} in the archive") from error
        stream = packed.extractfile(entry) if entry.isreg() else None
        if stream is None:
            raise SourceError(f"refused: {member!r} is not a regular file")
        return stream.read()


def _download(url: str, output: str) -> None:
    """Stream to a file, and retry errors that may pass. The file has the bytes that the server sends, as with curl."""
    with requests.Session() as session:
        session.headers["Accept-Encoding"] = "identity"
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=_RETRY))
        for left in reversed(range(_ATTEMPTS)):
            try:
                with session.get(url, stream=True, timeout=_TIMEOUT) as response, open(output, "wb") as stream:
                    response.raise_for_status()
                    # Servers declare a gzipped file as an encoding; requests would unpack it.
                    response.raw.headers.pop("Content-Encoding", None)
                    stream.writelines(response.iter_content(_CHUNK))
                return
            except requests.exceptions.ChunkedEncodingError:
                # The connection broke within the body; the retries of the session do not cover this.
                if not left:
                    raise


def _reason(error: Exception) -> str:
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code} {error.response.reason}"
    return f"{type(error).__name__}: {error}"
