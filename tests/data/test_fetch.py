"""Fetching, against a real HTTP server."""

import gzip
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from markner.data.fetching.download import Downloads
from markner.data.fetching.fetch import KEPT, fetch, fetch_entry
from markner.data.fetching.registry import Entry, Source, native_name
from markner.errors import MarknerError
from markner.study.schema.corpora import CorpusFile

CONTENT = b"a\tO\n\n" * 50
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `pages`; the next answer lacks `missing` of the bytes that it promises, all have the header `encoding`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, list[bytes]] = {}
        self.asked: list[str] = []
        self.missing = 0
        self.encoding = ""

    def url(self, path: str, *answers: bytes) -> str:
        """Publish a page; each of the answers is given once, the last one from then on."""
        self.pages[path] = list(answers)
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        answers = self.server.pages.get(self.path)
        if not answers:
            self.send_error(404)
            return
        body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + self.server.missing))
        if self.server.encoding:
            self.send_header("Content-Encoding", self.server.encoding)
        self.end_headers()
        self.wfile.write(body)
        self.server.missing = 0

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def entry(*sources: Source) -> Entry:
    return Entry("corpus/file.tsv", SHA256, sources, bytes=len(CONTENT), licence="CC0 1.0")


def get(tmp_path: Path, wanted: Entry, mirror: Path | None = None) -> dict[str, object]:
    return fetch_entry(wanted, tmp_path / "raw", mirror, Downloads(tmp_path / "cache"))


def flagged(place: int, flag: int) -> bytes:
    """A zip of one file; the byte at this place after the signature of its entry in the directory has another value."""
    packed = bytearray(zipped(**{"file.tsv": CONTENT}))
    packed[packed.find(b"PK\x01\x02") + place] = flag
    return bytes(packed)


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def tarred(name: str, content: bytes | None) -> bytes:
    """A tar.gz of one file, or of a link to /etc/hosts without content."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        if content is None:
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/hosts"
        else:
            member.size = len(content)
        archive.addfile(member, io.BytesIO(content or b""))
    return packed.getvalue()


def test_the_second_source_serves_where_the_first_is_gone(server: Server, tmp_path: Path) -> None:
    gone, there = server.url("/gone"), server.url("/there", CONTENT)
    row = get(tmp_path, entry(Source(gone), Source(there)))
    assert (tmp_path / "raw/corpus/file.tsv").read_bytes() == CONTENT
    assert row == {
        "name": "corpus/file.tsv",
        "sha256": SHA256,
        "bytes": len(CONTENT),
        "sources": [gone, there],
        "source": there,
        "licence": "CC0 1.0",
    }


def test_wrong_bytes_are_refused_and_the_next_source_is_asked(server: Server, tmp_path: Path) -> None:
    wrong, right = server.url("/wrong", CONTENT[:-1] + b"x"), server.url("/right", CONTENT)
    assert get(tmp_path, entry(Source(wrong), Source(right)))["source"] == right


def test_a_broken_transfer_is_tried_again(server: Server, tmp_path: Path) -> None:
    url = server.url("/cut", CONTENT[:40], CONTENT)
    server.missing = 10
    get(tmp_path, entry(Source(url)))
    assert server.asked == ["/cut", "/cut"]


def test_when_all_fail_each_source_is_named_with_its_reason(server: Server, tmp_path: Path) -> None:
    gone, wrong = server.url("/gone"), server.url("/wrong", b"x")
    (tmp_path / "mirror/corpus").mkdir(parents=True)
    (tmp_path / "mirror/corpus/file.tsv").write_bytes(b"yy")
    with pytest.raises(MarknerError) as caught:
        get(tmp_path, entry(Source(gone), Source(wrong)), tmp_path / "mirror")
    message = str(caught.value)
    assert "wrong content (2 bytes of 250)" in message
    assert f"{gone}: HTTP 404" in message
    assert f"{wrong}: wrong content (1 bytes of 250): SHA-256 is {hashlib.sha256(b'x').hexdigest()}" in message
    assert "--config mirror=DIR" in message
    assert "MARKNER_MIRROR" in message
    assert not list((tmp_path / "raw").rglob("*"))


def test_the_mirror_comes_first(server: Server, tmp_path: Path) -> None:
    (tmp_path / "mirror/corpus").mkdir(parents=True)
    (tmp_path / "mirror/corpus/file.tsv").write_bytes(CONTENT)
    assert get(tmp_path, entry(Source(server.url("/x", CONTENT))), tmp_path / "mirror")["source"] == "mirror"
    assert server.asked == []


def test_existing_files_are_kept_and_damaged_ones_replaced(server: Server, tmp_path: Path) -> None:
    wanted = entry(Source(server.url("/x", CONTENT)))
    get(tmp_path, wanted)
    assert get(tmp_path, wanted)["source"] == KEPT
    assert server.asked == ["/x"]
    (tmp_path / "raw/corpus/file.tsv").write_bytes(CONTENT[:10])
    get(tmp_path, wanted)
    assert (tmp_path / "raw/corpus/file.tsv").read_bytes() == CONTENT


@pytest.mark.parametrize("pack", [lambda: zipped(**{"in/file.tsv": CONTENT}), lambda: tarred("in/file.tsv", CONTENT)])
def test_a_member_is_read_and_the_archive_downloaded_once(server: Server, tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    wanted = entry(Source(server.url("/archive", pack()), member="in/file.tsv"))
    get(tmp_path, wanted)
    (tmp_path / "raw/corpus/file.tsv").unlink()
    get(tmp_path, wanted)
    assert server.asked == ["/archive"]


def test_a_damaged_archive_leaves_the_cache(server: Server, tmp_path: Path) -> None:
    whole = zipped(**{"file.tsv": CONTENT})
    wanted = entry(Source(server.url("/archive", whole[:60], whole), member="file.tsv"))
    with pytest.raises(MarknerError, match="unreadable archive"):
        get(tmp_path, wanted)
    get(tmp_path, wanted)
    assert server.asked == ["/archive", "/archive"]


@pytest.mark.parametrize("old", [zipped(**{"file.tsv": b"old"}), zipped(other=CONTENT)])
def test_an_archive_of_an_older_version_is_downloaded_again(server: Server, tmp_path: Path, old: bytes) -> None:
    wanted = entry(Source(server.url("/archive", old, zipped(**{"file.tsv": CONTENT})), member="file.tsv"))
    with pytest.raises(MarknerError, match="no source gave the file"):
        get(tmp_path, wanted)
    assert server.asked == ["/archive"]
    get(tmp_path, wanted)
    assert (tmp_path / "raw/corpus/file.tsv").read_bytes() == CONTENT


def test_an_archive_is_downloaded_again_once_a_run_and_stays_without_an_answer(server: Server, tmp_path: Path) -> None:
    packed = zipped(**{"old.tsv": b"old", "file.tsv": CONTENT})
    url = server.url("/archive", packed)
    old, right = entry(Source(url, member="old.tsv")), entry(Source(url, member="file.tsv"))
    get(tmp_path / "first", right, None)
    for answers in ([packed], []):
        server.pages["/archive"], server.asked = answers, []
        downloads = Downloads(tmp_path / "first/cache")
        for _ in range(2):
            with pytest.raises(MarknerError, match="wrong content"):
                fetch_entry(old, tmp_path / "raw", None, downloads)
        fetch_entry(right, tmp_path / f"raw-{len(answers)}", None, downloads)
        assert server.asked == ["/archive"]


@pytest.mark.parametrize("archive", [flagged(8, 1), flagged(10, 99)])
def test_after_an_archive_that_cannot_be_unpacked_the_next_source_is_asked(
    server: Server, tmp_path: Path, archive: bytes
) -> None:
    packed, plain = Source(server.url("/archive", archive), member="file.tsv"), Source(server.url("/plain", CONTENT))
    assert get(tmp_path, entry(packed, plain))["source"] == plain.url
    with pytest.raises(MarknerError, match=r"unreadable archive: .*(password|compression method)"):
        get(tmp_path / "2", entry(packed))


def test_a_zip_packed_by_lzma_that_is_damaged_is_reported(server: Server, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("file.tsv", CONTENT)
    content = bytearray(packed.getvalue())
    content[50:56] = b"\xff" * 6
    with pytest.raises(MarknerError, match="unreadable archive"):
        get(tmp_path, entry(Source(server.url("/archive", bytes(content)), member="file.tsv")))


def test_a_gzipped_file_is_kept_as_it_is(server: Server, tmp_path: Path) -> None:
    packed = gzip.compress(CONTENT)
    server.encoding = "gzip"
    reference = CorpusFile(url=server.url("/x.tsv.gz", packed), sha256=hashlib.sha256(packed).hexdigest())
    (row,) = fetch([reference], tmp_path / "raw", None, tmp_path / "cache")
    assert (tmp_path / "raw" / row["name"]).read_bytes() == packed


@pytest.mark.parametrize(
    ("archive", "member", "reason"),
    [
        (tarred("../file.tsv", CONTENT), "../file.tsv", "leaves the archive"),
        (zipped(**{"/file.tsv": CONTENT}), "/file.tsv", "leaves the archive"),
        (tarred("file.tsv", None), "file.tsv", "not a regular file"),
        (zipped(other=CONTENT), "file.tsv", "no member"),
        (tarred("other", CONTENT), "file.tsv", "no member"),
    ],
)
def test_unsafe_or_missing_members_are_refused(
    server: Server, tmp_path: Path, archive: bytes, member: str, reason: str
) -> None:
    with pytest.raises(MarknerError, match=reason):
        get(tmp_path, entry(Source(server.url("/archive", archive), member=member)))
    assert {path.name for path in tmp_path.iterdir()} <= {"cache"}


def test_a_declared_first_line_is_dropped_and_only_that(server: Server, tmp_path: Path) -> None:
    get(tmp_path, entry(Source(server.url("/tags", b"tags\n" + CONTENT), drop_first_line="tags")))
    with pytest.raises(MarknerError, match="the first line is not 'tags'"):
        get(tmp_path / "2", entry(Source(server.url("/none", CONTENT), drop_first_line="tags")))


def test_an_address_of_ones_own(server: Server, tmp_path: Path) -> None:
    reference = CorpusFile(url=server.url("/mine/x.tsv", CONTENT), sha256=SHA256)
    (row,) = fetch([reference], tmp_path / "raw", None, tmp_path / "cache")
    assert row["name"] == f"url/{SHA256[:12]}/x.tsv" == native_name(reference)


def test_an_address_with_another_file_says_what_to_write(server: Server, tmp_path: Path) -> None:
    reference = CorpusFile(url=server.url("/mine/x.tsv", b"newer"), sha256=SHA256)
    digest = hashlib.sha256(b"newer").hexdigest()
    with pytest.raises(MarknerError, match=f"/mine/x.tsv: wrong content .*{digest}, must be {SHA256}") as caught:
        fetch([reference], tmp_path / "raw", None, tmp_path / "cache")
    assert f"write `sha256: {digest}` beside its `url`" in caught.value.fix
    server.pages["/mine/x.tsv"] = []
    with pytest.raises(MarknerError, match="HTTP 404") as caught:
        fetch([reference], tmp_path / "raw", None, tmp_path / "cache")
    assert "sha256" not in caught.value.fix


def test_local_files_are_copied_below_a_safe_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for path in (Path("mine.tsv"), tmp_path / "up.tsv"):
        path.write_bytes(CONTENT)
    rows = fetch(["mine.tsv", "../up.tsv", CorpusFile(path="./mine.tsv", sha256=SHA256)], tmp_path / "raw", None)
    names = [row["name"] for row in rows]
    assert names[0] == names[2] == "local/mine.tsv"
    assert names[1].startswith("local/")
    assert ".." not in names[1]
    assert all((tmp_path / "raw" / name).read_bytes() == CONTENT for name in names)
    assert rows[0]["sha256"] == SHA256
    # A file of one's own that has changed is copied again.
    Path("mine.tsv").write_bytes(b"b\tO\n")
    fetch(["mine.tsv"], tmp_path / "raw", None)
    assert (tmp_path / "raw/local/mine.tsv").read_bytes() == b"b\tO\n"


def test_a_local_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_bytes(b"x")
    with pytest.raises(MarknerError, match="SHA-256"):
        fetch([CorpusFile(path=str(tmp_path / "x.tsv"), sha256=SHA256)], tmp_path / "raw", None)


def test_a_mirror_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match="nowhere is not a folder"):
        fetch(["bc2gm/conll/test.tsv"], tmp_path, tmp_path / "nowhere")
