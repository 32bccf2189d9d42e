"""Inputs from arguments, pages from bytes, and what becomes of files that are no pages."""

import codecs
import gzip
import os
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import ReaderOptions
from pipeline.errors import ConfigError, PageError
from pipeline.inputs import find_inputs, readable
from pipeline.reader import Input, make_page, read_page

OPTIONS = ReaderOptions(max_bytes=10_000)
TEXT = "# 市图书馆夜间开放\n本报讯 记者昨日从市图书馆获悉，自习室即日起开放到二十二时。\n"


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEXT, "utf-8")


def sources(*arguments, **options):
    return [item.source for item in find_inputs([str(item) for item in arguments], options=OPTIONS, **options).items]


def page_of(data, name="a.md", options=OPTIONS):
    return make_page(Input(name, name), data, options=options)


# ---- inputs -------------------------------------------------------------------------------------------------


def test_find_inputs_searches_folders_and_sorts(tmp_path):
    make(tmp_path, "b/2.md", "a/1.txt", "a/3.MD", "a/4.md.gz", "a/x.json", "a/.hidden.md", ".git/5.md", "c.md")
    assert sources(tmp_path) == ["a/1.txt", "a/3.MD", "a/4.md.gz", "b/2.md", "c.md"]


def test_find_inputs_counts_what_it_leaves_out(tmp_path):
    make(tmp_path, "a.md", "b.json", "c.png")
    assert find_inputs([str(tmp_path)], options=OPTIONS).left_out == 2


def test_find_inputs_takes_each_file_once(tmp_path):
    make(tmp_path, "a.md", "b.md")
    assert sources(tmp_path, tmp_path / "a.md", f"{tmp_path}/*.md", f"{tmp_path}/../{tmp_path.name}") == [
        "a.md",
        "b.md",
    ]


def test_find_inputs_tells_equal_names_in_two_folders_apart(tmp_path):
    make(tmp_path, "x/1.md", "y/1.md")
    assert sources(tmp_path / "x", tmp_path / "y") == ["x/1.md", "y/1.md"]


def test_find_inputs_names_a_single_file_by_its_name(tmp_path):
    make(tmp_path, "x/1.json")
    assert sources(tmp_path / "x/1.json") == ["1.json"]


@pytest.mark.parametrize("pattern", ["*.md", "**/*.md", "[ab]*", "?"])
def test_find_inputs_expands_globs(tmp_path, pattern):
    make(tmp_path, "a/1.md", "a.md")
    expected = {"*.md": ["a.md"], "**/*.md": ["a.md", "a/1.md"], "[ab]*": ["a.md", "a/1.md"], "?": ["a/1.md"]}
    assert sources(tmp_path / pattern) == expected[pattern]


def test_find_inputs_takes_a_name_with_brackets_as_it_is(tmp_path):
    make(tmp_path, "[2024]第4版.md", "2.md")
    assert sources(tmp_path / "[2024]第4版.md") == ["[2024]第4版.md"]


def test_find_inputs_is_the_same_from_any_working_directory(tmp_path, monkeypatch):
    make(tmp_path, "x/1.md", "y/2.md")
    monkeypatch.chdir(tmp_path / "x")
    near = sources(".", "../y")
    monkeypatch.chdir("/")
    assert near == sources(tmp_path / "x", tmp_path / "y") == ["x/1.md", "y/2.md"]


def test_find_inputs_names_pages_from_a_given_root(tmp_path):
    make(tmp_path, "汾河日报/2024/1.md")
    assert sources(tmp_path / "汾河日报" / "2024", root=str(tmp_path)) == ["汾河日报/2024/1.md"]


def test_find_inputs_refuses_a_root_that_does_not_hold_the_inputs(tmp_path):
    make(tmp_path, "x/1.md", "y/1.md")
    with pytest.raises(ConfigError, match=r"x/1\.md lies outside the root"):
        sources(tmp_path / "x", root=str(tmp_path / "y"))


def test_find_inputs_keeps_a_missing_path_for_its_error_record(tmp_path):
    make(tmp_path, "a.md")
    assert sources(tmp_path / "a.md", tmp_path / "gone.md", tmp_path / "*.xml") == ["*.xml", "a.md", "gone.md"]


def test_find_inputs_refuses_a_folder_without_pages(tmp_path):
    make(tmp_path, "a.json")
    with pytest.raises(ConfigError, match=r"no pages in .*\.md, \.txt are taken, of 1 seen there none does"):
        sources(tmp_path)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("汾河日报.md".encode("gb18030"), "汾河日报.md"),
        (b"a\xff.md", "a\\xff.md"),
        ("汾河/日报.md".encode(), "汾河/日报.md"),
    ],
)
def test_readable_gives_names_that_utf8_can_hold(raw, expected):
    assert readable(os.fsdecode(raw)) == expected


def test_find_inputs_reads_files_with_names_that_are_no_utf8(tmp_path):
    path = os.fsencode(tmp_path) + b"/" + "并州晚报_2024-10-16_04.md".encode("gb18030")
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(TEXT.encode())
    [item] = find_inputs([str(tmp_path)], options=OPTIONS).items
    page = read_page(item.path, source_name=item.source, options=OPTIONS)
    assert (page.source, page.publication.date, page.text) == ("并州晚报_2024-10-16_04.md", "2024-10-16", TEXT)


# ---- decoding -----------------------------------------------------------------------------------------------

ENCODED = [
    (TEXT.encode(), "utf-8"),
    (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
    (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-16-le"),
    (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16-be"),
    (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "utf-32-le"),
    (TEXT.encode("gb18030"), "gb18030"),
    ("\ufeff".encode("gb18030") + TEXT.encode("gb18030"), "gb18030"),
    (TEXT.encode("utf-16-le"), "utf-16-le"),
    (TEXT.encode("utf-16-be"), "utf-16-be"),
]
TRADITIONAL = "本報訊 記者昨日從市圖書館獲悉，自習室即日起開放到二十二時，讀者憑證入館。\n"


@pytest.mark.parametrize(("data", "encoding"), ENCODED, ids=lambda item: item if isinstance(item, str) else "")
def test_make_page_decodes(data, encoding):
    page = page_of(data)
    assert (page.text, page.encoding, page.n_bytes) == (TEXT, encoding, len(data))


@pytest.mark.parametrize("text", ["𠮷野家新店开业，𬭚元素命名。\n", "镕 淼 喆 㛃\n", "plain ASCII\n", "一\r\n二\r三\n"])
def test_make_page_keeps_the_text_as_it_is(text):
    assert (page_of(text.encode()).text, page_of(text.encode()).flags) == (text, ())


@pytest.mark.parametrize("encoding", ["gb18030", "big5hkscs", "utf-16-le", "utf-16-be"])
def test_make_page_decodes_traditional_characters(encoding):
    page = page_of(TRADITIONAL.encode(encoding))
    assert (page.text, page.encoding) == (TRADITIONAL, encoding)


def test_make_page_does_not_take_a_damaged_page_for_another_encoding():
    data = (TEXT * 20).encode()
    for cut in range(1, 60):
        with pytest.raises(PageError, match="not utf-8"):
            page_of(data[:cut] + b"\x80" + data[cut:])


UNDECODABLE = [
    (b"\xff\xfe\xfd" * 7, "utf-16-le but byte"),
    (b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe\x80", "is no text in the encodings allowed: not utf-8"),
    (TEXT.encode()[:-2] + b"\x80\xff\n", "is no text"),
    (TEXT.encode()[10:-3], "is no text"),
    ("\ud800".encode("utf-8", "surrogatepass"), "is no text"),
    (codecs.BOM_UTF16_LE + b"\x00\xd8a\x00", "byte-order mark of utf-16-le but byte"),
    (b"\x00\x00abc", "NUL character at offset 0"),
    ("汉字".encode("utf-16-le") + b"\x00\x00", "NUL character at offset 2"),
    (b"x" * 10_001, "max_bytes"),
]


@pytest.mark.parametrize(("data", "message"), UNDECODABLE)
def test_read_page_refuses_what_is_no_text(tmp_path, data, message):
    path = tmp_path / "a.md"
    path.write_bytes(data)
    with pytest.raises(PageError, match=message) as caught:
        read_page(path, source_name="a.md", options=OPTIONS)
    assert caught.value.stage == "read"


def test_make_page_refuses_an_encoding_that_python_does_not_know():
    with pytest.raises(ConfigError, match="'utf-9' is no encoding"):
        page_of(TEXT.encode(), options=ReaderOptions(encodings=("utf-9",)))


FLAGGED = [
    (b"", ("empty",)),
    (" \n\u3000\n\u200b".encode(), ("empty",)),
    (codecs.BOM_UTF8, ("empty",)),
    (b"![](images/1.jpg)\n<!-- a\nb -->\n", ("no_text",)),
    (b'<div align="center"><img src="a.png" width="50%"/></div>', ("no_text",)),
    (b"---\ndate: 2024-10-16\n---\n![](a.jpg)\n", ("no_text",)),
    (b"---\ndate: 2024-02-31\n---\nx", ("front_matter_date",)),
    ("![](a.jpg)\n图说".encode(), ()),
]


@pytest.mark.parametrize(("data", "flags"), FLAGGED)
def test_make_page_flags_pages_without_text(data, flags):
    assert page_of(data).flags == flags


def test_read_page_names_the_page_by_its_publication(tmp_path):
    make(tmp_path, "并州晚报_2024-10-16_04.md")
    page = read_page(tmp_path / "并州晚报_2024-10-16_04.md", source_name="并州晚报_2024-10-16_04.md", options=OPTIONS)
    assert (page.id, page.publication.date_source) == ("并州晚报-2024-10-16-p04", "path")


def test_read_page_names_the_page_by_its_content_where_nothing_else_does(tmp_path):
    make(tmp_path, "a.md")
    page = read_page(tmp_path / "a.md", source_name="a.md", options=OPTIONS)
    assert page.id == page.sha256[:12]


def test_make_page_says_where_the_page_begins():
    page = page_of(f"---\n报纸: 汾河日报\n---\n{TEXT}".encode())
    assert page.text[page.body_start :] == TEXT


# ---- files that are no pages --------------------------------------------------------------------------------


def test_read_page_unpacks_gzip(tmp_path):
    (tmp_path / "a.md.gz").write_bytes(gzip.compress(TEXT.encode("gb18030")))
    page = read_page(tmp_path / "a.md.gz", source_name="a.md.gz", options=OPTIONS)
    assert (page.text, page.encoding) == (TEXT, "gb18030")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(TEXT.encode())[:-9], "damaged gzip"),
        (TEXT.encode(), "damaged gzip"),
        (gzip.compress(b"x" * 10_000_000), "unpacks to more than reader.max_bytes"),
    ],
)
def test_read_page_refuses_damaged_or_bursting_gzip(tmp_path, data, message):
    (tmp_path / "a.md.gz").write_bytes(data)
    with pytest.raises(PageError, match=message):
        read_page(tmp_path / "a.md.gz", source_name="a.md.gz", options=ReaderOptions(max_bytes=50_000))


def test_read_page_refuses_missing_files_folders_and_pipes(tmp_path):
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "folder.md").mkdir()
    messages = []
    for name in ("gone.md", "folder.md", "pipe.md"):
        with pytest.raises(PageError) as caught:
            read_page(tmp_path / name, source_name=name, options=OPTIONS)
        messages.append(str(caught.value))
    assert messages == [
        "gone.md: there is no such file",
        "folder.md: is a folder, not a page",
        "pipe.md: is no plain file (a folder, a pipe or a device)",
    ]


def test_read_page_refuses_what_it_may_not_read(tmp_path, monkeypatch):
    make(tmp_path, "a.md")

    def forbid(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pipeline.reader.open_waitless", forbid)
    with pytest.raises(PageError, match="permission denied"):
        read_page(tmp_path / "a.md", source_name="a.md", options=OPTIONS)


def test_read_page_is_linear_on_five_million_characters(tmp_path):
    (tmp_path / "a.md").write_text("字，" * 2_500_000, "utf-8")
    start = time.perf_counter()
    page = read_page(tmp_path / "a.md", source_name="a.md", options=ReaderOptions())
    assert len(page.text) == 5_000_000
    assert time.perf_counter() - start < 10


@settings(max_examples=2000)
@given(st.binary(max_size=60), st.sampled_from(["a.md", "a.md.gz", "a.md.zst", "a.json", "a.jsonl", "a.xml"]))
def test_make_page_takes_any_bytes_or_refuses_them(data, name):
    with suppress(PageError):
        assert page_of(data, name).text.encode() is not None
