"""Compressed files and archives: what is found in them, and what is refused."""

import gzip
import io
import json
import os
import stat
import tarfile
import zipfile
from contextlib import suppress

import pytest
import zstandard
from batch_fakes import batch, lines, make_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import ReaderOptions
from pipeline.errors import ConfigError, PageError
from pipeline.inputs import find_inputs
from pipeline.reader import make_page, read_bytes

OPTIONS = ReaderOptions(max_bytes=10_000, max_members=50)
TEXT = "# 市图书馆夜间开放\n本报讯 记者昨日从市图书馆获悉，自习室即日起开放到二十二时。\n"


def zipped(path, members, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in members:
            archive.writestr(name, data)


def tarred(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def tar_zst(path, members):
    tarred(path, members, "w")
    path.write_bytes(zstandard.compress(path.read_bytes()))


WRITERS = {
    ".zip": zipped,
    ".tar": lambda p, m: tarred(p, m, "w"),
    ".tar.gz": tarred,
    ".tgz": tarred,
    ".tar.zst": tar_zst,
}
PAGES = [(f"2024/汾河日报_2024-10-{day:02}_04.md", f"{TEXT}{day}\n".encode()) for day in (3, 1, 2)]
OTHERS = [
    ("2024/a.png", b"x"),
    ("__MACOSX/._1.md", b"x"),
    (".git/1.md", b"x"),
    ("b.md.gz", gzip.compress(TEXT.encode())),
]


def found(*arguments, options=OPTIONS):
    return find_inputs([str(item) for item in arguments], options=options).items


def read(item, options=OPTIONS):
    return make_page(item, read_bytes(item, options=options), options=options)


def refusals(path, options=OPTIONS):
    messages = {}
    for item in found(path, options=options):
        try:
            read(item, options)
        except PageError as error:
            messages[item.source] = str(error).removeprefix(f"{item.source}: ")
    return messages


@pytest.mark.parametrize("ending", WRITERS)
def test_find_inputs_takes_the_pages_of_archives(tmp_path, ending):
    WRITERS[ending](tmp_path / f"a{ending}", PAGES + OTHERS)
    items = found(tmp_path)
    names = [f"a{ending}/{name}" for name in sorted(name for name, _ in PAGES)]
    assert [item.source for item in items] == [*names, f"a{ending}/b.md.gz"]
    assert found(tmp_path / f"a{ending}") == items
    pages = [read(item) for item in items]
    assert [page.text for page in pages] == [f"{TEXT}{day}\n" for day in (1, 2, 3)] + [TEXT]
    assert pages[0].id == "汾河日报-2024-10-01-p04"
    # In any order: an archive that is read from its beginning is begun again.
    assert [read(item).text for item in reversed(items)] == [page.text for page in reversed(pages)]


def test_find_inputs_counts_the_other_files_of_archives(tmp_path):
    zipped(tmp_path / "a.zip", [*PAGES, ("a.png", b""), ("inner.zip", b"")])
    assert find_inputs([str(tmp_path)], options=OPTIONS).left_out == 2


def test_find_inputs_refuses_an_archive_without_pages(tmp_path):
    zipped(tmp_path / "a.zip", [("a_content_list.json", b"[]")])
    with pytest.raises(ConfigError, match=r'add --set .reader.suffixes=\["_content_list.json"\]'):
        found(tmp_path)


def test_find_inputs_reads_names_of_other_systems(tmp_path):
    name = "汾河日报_2024-10-01_04.md"
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("x" * len(name.encode("gb18030")), TEXT)
    data = raw.getvalue().replace(b"x" * len(name.encode("gb18030")), name.encode("gb18030"))
    (tmp_path / "a.zip").write_bytes(data)
    assert [item.source for item in found(tmp_path)] == [f"a.zip/{name}"]


def test_find_inputs_tells_two_members_of_one_name_apart(tmp_path):
    tarred(tmp_path / "a.tar", [("1.md", b"a"), ("1.md", b"b")], "w")
    assert [(item.source, read(item).text) for item in found(tmp_path)] == [("a.tar/1.md", "a"), ("a.tar/1.md~2", "b")]


def link(name, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


def zip_link():
    info = zipfile.ZipInfo("link.md")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


OUTSIDE, LINK = "has a name that leads out of its archive; such", "is a link or a device inside an archive; such"


def test_read_bytes_opens_nothing_outside_of_a_tar_archive(tmp_path):
    bad = [("../up.md", b"x"), ("/etc/abs.md", b"x"), (link("soft.md"), b""), (link("hard.md", tarfile.LNKTYPE), b"")]
    tarred(tmp_path / "a.tar.gz", [*bad, (link("dev.md", tarfile.CHRTYPE), b""), *PAGES])
    messages = refusals(tmp_path)
    assert {name: text.partition(" members")[0] for name, text in messages.items()} == {
        "a.tar.gz/../up.md": OUTSIDE,
        "a.tar.gz//etc/abs.md": OUTSIDE,
        "a.tar.gz/soft.md": LINK,
        "a.tar.gz/hard.md": LINK,
        "a.tar.gz/dev.md": LINK,
    }


def test_read_bytes_opens_nothing_outside_of_a_zip_archive(tmp_path):
    zipped(
        tmp_path / "a.zip",
        [("../up.md", b"x"), ("c:\\x.md", b"x"), ("a\\..\\..\\b.md", b"x"), (zip_link(), "/etc"), *PAGES],
    )
    assert sorted(text.partition(" members")[0] for text in refusals(tmp_path).values()) == [OUTSIDE] * 3 + [LINK]


BOMB = b"\0" * 3_000_000


@pytest.mark.parametrize("ending", [".md.gz", ".md.zst", ".zip", ".tar.gz", ".tar.zst"])
def test_read_bytes_stops_at_bombs(tmp_path, ending):
    options = ReaderOptions(max_bytes=100_000_000)
    if ending == ".md.gz":
        (tmp_path / "a.md.gz").write_bytes(gzip.compress(BOMB))
    elif ending == ".md.zst":
        (tmp_path / "a.md.zst").write_bytes(zstandard.compress(BOMB))
    else:
        WRITERS[ending](tmp_path / f"a{ending}", [*PAGES, ("bomb.md", BOMB), ("after.md", b"x")])
    messages = refusals(tmp_path, options)
    # A TAR archive that breaks off has lost what came after: it stands in the list itself.
    assert len(messages) == (2 if ".tar" in ending else 1)
    assert {text.partition(" times its size")[0] for text in messages.values()} == {
        "unpacks to more than reader.max_ratio = 200"
    }


@pytest.mark.parametrize("ending", [".md.gz", ".md.zst", ".zip", ".tar.gz", ".tar.zst"])
def test_read_bytes_stops_at_large_members(tmp_path, ending):
    data = os.urandom(6_000).hex().encode()
    if ending in WRITERS:
        WRITERS[ending](tmp_path / f"a{ending}", [("large.md", data), *PAGES])
    else:
        (tmp_path / f"a{ending}").write_bytes((gzip if ending == ".md.gz" else zstandard).compress(data))
    assert list(refusals(tmp_path).values()) == ["unpacks to more than reader.max_bytes = 10000"]


@pytest.mark.parametrize("ending", [".zip", ".tar", ".jsonl"])
def test_find_inputs_stops_at_too_many_members(tmp_path, ending):
    if ending == ".jsonl":
        (tmp_path / "a.jsonl").write_text('{"id": 1, "text": "字"}\n' * 60, "utf-8")
    else:
        WRITERS[ending](tmp_path / f"a{ending}", [(f"{number:02}.md", b"x") for number in range(60)])
    messages = refusals(tmp_path / f"a{ending}")
    assert messages == {f"a{ending}": "has more than reader.max_members = 50 members"}
    assert len(found(tmp_path / f"a{ending}")) == 51


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text"])
def test_read_bytes_refuses_damaged_archives(tmp_path, ending, damage):
    path = tmp_path / f"a{ending}"
    WRITERS[ending](path, PAGES)
    data = path.read_bytes()
    middle = len(data) // 2
    flipped = data[:middle] + bytes(byte ^ 0x55 for byte in data[middle : middle + 9]) + data[middle + 9 :]
    path.write_bytes({"cut": data[:middle], "flip": flipped, "empty": b"", "text": TEXT.encode()}[damage])
    items = found(path)
    good = sum(1 for item in items if item.source not in refusals(path))
    # A flipped byte of a TAR that is not compressed is a flipped byte of a page.
    assert refusals(path) or (ending == ".tar" and damage in ("flip", "cut"))
    assert good <= 3


def test_read_bytes_refuses_an_encrypted_member(tmp_path):
    zipped(tmp_path / "a.zip", PAGES[:1])
    data = bytearray((tmp_path / "a.zip").read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    [message] = refusals(tmp_path).values()
    assert message == "is encrypted; unpack the archive with its password first"


def test_read_bytes_says_when_the_archive_has_changed(tmp_path):
    zipped(tmp_path / "a.zip", PAGES)
    items = found(tmp_path)
    zipped(tmp_path / "a.zip", PAGES[:1])
    with pytest.raises(PageError, match="is no longer in its archive"):
        read(items[1])


# ---- files of several pages ---------------------------------------------------------------------------------

DOCUMENTS = [{"id": str(number), "text": f"# 标题{number}\n\n正文。\n"} for number in (1, 2, 3)]
TWO_PAGES = {"id": "4", "text": "一页\n二页\n", "attributes": {"pdf_page_numbers": [[0, 3, 1], [3, 6, 2]]}}


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_find_inputs_takes_the_lines_of_jsonl(tmp_path, ending):
    data = "\n".join(json.dumps(item, ensure_ascii=False) for item in [*DOCUMENTS, TWO_PAGES]).encode()
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[ending]
    (tmp_path / f"a.jsonl{ending}").write_bytes(pack(data))
    items = found(tmp_path / f"a.jsonl{ending}")
    assert [item.source.partition(ending + "#")[2] for item in items] == ["1", "2", "3", "4#1", "4#2"]
    assert [read(item).text for item in items][2:] == ["# 标题3\n\n正文。\n\n", "一页\n\n", "二页\n\n"]
    assert len({read(item).id for item in items}) == 5


def test_find_inputs_numbers_the_pages_of_a_layout_file(tmp_path):
    blocks = [{"type": "text", "text": f"第{page}页", "page_idx": page} for page in (0, 1, 1, 4)]
    (tmp_path / "a_content_list.json").write_text(json.dumps(blocks), "utf-8")
    zipped(tmp_path / "b.zip", [("x/a_content_list.json", json.dumps(blocks))])
    options = ReaderOptions(suffixes=("_content_list.json",))
    items = found(tmp_path, options=options)
    names = [f"{name}_content_list.json#{page}" for name in ("a", "b.zip/x/a") for page in (1, 2, 5)]
    assert [item.source for item in items] == names
    assert [read(item).text for item in items[:3]] == ["第0页\n", "第1页\n\n第1页\n", "第4页\n"]
    assert [read(item).sha256 for item in items[:3]] == [read(item).sha256 for item in items[3:]]


def test_a_jsonl_file_of_one_document_keeps_its_name(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps(DOCUMENTS[0]), "utf-8")
    assert [item.source for item in found(tmp_path / "a.jsonl")] == ["a.jsonl"]


def test_find_inputs_keeps_a_damaged_line_for_its_error_record(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": 1, "text": "一"}\n{"id": 2, \n{"id": 3, "text": "三"}\n', "utf-8")
    items = found(tmp_path / "a.jsonl")
    assert [item.source for item in items] == ["a.jsonl#1", "a.jsonl#2", "a.jsonl#3"]
    assert list(refusals(tmp_path / "a.jsonl")) == ["a.jsonl#2"]


# ---- in a batch ---------------------------------------------------------------------------------------------


def test_run_batch_resumes_inside_an_archive(tmp_path):
    tarred(tmp_path / "a.tar.gz", PAGES)
    batch(tmp_path / "out", tmp_path / "a.tar.gz", workers=2)
    tarred(
        tmp_path / "a.tar.gz",
        [(name, data + b"# new\n" if "10-02" in name else data) for name, data in reversed(PAGES)],
    )
    summary = batch(tmp_path / "out", tmp_path / "a.tar.gz", workers=2)
    assert (summary.computed, summary.cached, summary.exit_status) == (1, 2, 0)


def test_run_batch_records_what_an_archive_lost(tmp_path):
    tarred(tmp_path / "a.tar.gz", [(f"{number}.md", os.urandom(900).hex().encode()) for number in range(40)])
    data = (tmp_path / "a.tar.gz").read_bytes()
    (tmp_path / "a.tar.gz").write_bytes(data[: len(data) * 3 // 4])
    summary = batch(tmp_path / "out", tmp_path / "a.tar.gz", settings=make_settings(max_failed_rate=0.5))
    assert 20 < summary.ok < 40
    assert next(item["source"] for item in lines(tmp_path / "out", "errors")) == "a.tar.gz"


# ---- any bytes ----------------------------------------------------------------------------------------------


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(WRITERS)),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=8),
    st.integers(1, 5000),
)
def test_find_inputs_takes_any_archive_or_refuses_it(tmp_path_factory, ending, changes, size):
    path = tmp_path_factory.getbasetemp() / f"any{ending}"
    WRITERS[ending](path, PAGES + OTHERS)
    data = bytearray(path.read_bytes()[:size])
    for place, value in changes:
        data[place % len(data)] = value
    path.write_bytes(data)
    try:
        items = found(path)
    except ConfigError:
        return
    assert len({item.source for item in items}) == len(items)
    for item in items:
        with suppress(PageError):
            assert read(item).text.encode() is not None
