"""What `split --why` says of a page: every line, where it went, how surely, and why."""

import re

import pytest

from pipeline.chain import Chain
from pipeline.config import HOME, load
from pipeline.show import explain_split
from pipeline.types import Page

TEXT = """汾河日报 2024年10月16日 星期三

<!-- PageBreak -->

## 市图书馆夜间开放

**本报讯** 市图书馆的自习室即日起开放到二十二时，读者凭身份证入馆，阅览区另设儿童座位，周末照常开放，节假日顺延一小时。

![](images/1.jpg)

（王 丹）
"""


@pytest.fixture(scope="module")
def chain():
    return Chain.load(load(HOME / "news.cfg", ["nlp.pipeline=[]", "nlp.tokenizer.method=char"]))


@pytest.fixture(scope="module")
def shown(chain):
    page = Page("p", "p.md", TEXT, "0" * 64, len(TEXT), "utf-8")
    return lambda **options: list(explain_split(page, chain.split(page), **options))


def test_explain_split_lists_every_line_with_text(shown):
    numbers = [int(match[1]) for row in shown() if (match := re.match(r"\s+(\d+) ", row))]
    assert numbers == [number for number, line in enumerate(TEXT.split("\n"), 1) if line.strip()]


def test_explain_split_gives_role_confidence_and_evidence(shown):
    rows = {match[1]: row for row in shown() if (match := re.match(r"\s+(\d+) ", row))}
    assert re.search(r"– masthead +1\.00 .*furniture:page line", rows["1"])
    assert re.search(r"– markup ", rows["3"])
    assert re.search(r"1 title +[01]\.\d\d .*title\.[a-z_]+:[+-]\d", rows["5"])
    assert re.search(r"1 credit ", rows["11"])


def test_explain_split_marks_where_an_article_begins(shown):
    rows = shown()
    at = next(place for place, row in enumerate(rows) if row.startswith("── 1 news · confidence"))
    assert " title " in rows[at + 1]


def test_explain_split_fits_the_terminal(shown):
    wide, narrow = (next(row for row in shown(width=width) if " paragraph " in row) for width in (200, 60))
    assert "节假日顺延" not in narrow
    assert "…" in narrow
    assert len(narrow) < len(wide)


def test_explain_split_paints_text_by_role_and_confidence_by_how_sure(shown):
    painted = shown(paint=lambda text, role: f"<{role}>{text.strip()}</>")
    assert any("<title>## 市图书馆夜间开放</>" in row for row in painted)
    assert any("<sure>1.00</>" in row for row in painted)
