"""Tell what a text without zones shows by itself: its headline, and the formulae in which newspapers name their people.

Where an article has zones these say it better; the functions here serve plain text, and what is left inside paragraphs.
"""

from __future__ import annotations

import re

# A short first line without a full stop is taken for the headline where no zones say what is.
# Longest headline of one line among 71,000 broadcast titles: 40 characters, cut there by their source.
MAX_TITLE_CHARS = 45
_NO_TITLE_END = ("。", "；", "，", "：", ";", ",", "、", "…", "”")

_NAME = r"[\u4e00-\u9fff·]{2,12}"
_NAMES = rf"{_NAME}(?:[ 、,，\u3000]{{1,2}}{_NAME}){{0,5}}"
_JOB = r"(?:本报|全媒体|首席|见习|实习|特约){0,3}(?:记者|通讯员|实习生|摄影|编辑|责编|供稿|作者)"
_FORMULAE = re.compile(
    "|".join(
        (
            # （记者 张三 李四 通讯员 王五）, (记者张三)
            r"[（(][^（）()\n]{0,24}(?:记者|通讯员|实习生|摄影|编辑|供图|供稿|作者)[^（）()\n]{0,60}[）)]",
            # 本报讯, 昌吉日报讯, 新华社北京8月1日电, 中新网沈阳7月27日电, 央广网南昌8月7日消息
            r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{0,10}(?:报|网|社|台|客户端)讯",
            r"(?<![\u4e00-\u9fff])(?:据)?(?:[\u4e00-\u9fff]{2,8}(?:网|社|报)|本报)[\u4e00-\u9fff]{0,8}[^\S\n]?[\d０-９]{1,2}月[\d０-９]{1,2}日(?:电|讯|消息|报道)",
            # 记者 张三 / 通讯员 李四 with the blank that print sets between names; 张三 摄
            rf"{_JOB}[ \u3000:：]+{_NAMES}",
            rf"{_NAME}[ \u3000](?:摄|文|图|绘|供图)(?![\u4e00-\u9fff])",
            # 来源：…, 责任编辑：… to the end of the line
            r"(?:来源|责任编辑|责编|编辑|审核|校对|转自)[:：][^\n]{0,40}",
        )
    )
)
# Each formula holds one of these; they are found in a tenth of the time, and most lines have none.
_SIGNS = re.compile(
    "记者|通讯员|实习生|摄影|编辑|责编|供稿|供图|作者|讯|日(?:电|消息|报道)|[ \u3000][摄文图绘]|来源|审核|校对|转自"
)


def split_title(text: str) -> tuple[str, str]:
    """Take a short first line without final punctuation for the headline; give headline (or ``""``) and the rest."""
    first, feed, rest = text.lstrip().partition("\n")
    headline = first.strip()
    if feed and headline and len(headline) <= MAX_TITLE_CHARS and not headline.endswith(_NO_TITLE_END) and rest.strip():
        return headline, rest
    return "", text


def find_formulae(text: str) -> list[tuple[int, int]]:
    """Find bylines, datelines and credits inside running text: spans in order, without overlap.

    No formula crosses the end of a line. Linear in the text: every repetition of the pattern is bounded.
    """
    spans: list[tuple[int, int]] = []
    end = 0
    for sign in _SIGNS.finditer(text):
        if sign.start() < end:
            continue
        start = text.rfind("\n", 0, sign.start()) + 1
        end = text.find("\n", sign.start())
        end = len(text) if end < 0 else end
        spans += [match.span() for match in _FORMULAE.finditer(text, start, end)]
    return spans


def merge_spans(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort spans and join those that touch."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged
