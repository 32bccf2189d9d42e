import pytest

from pipeline.wrapping import cells_of, column_width, joined_lines

# A page of the nineties in columns of sixteen characters, without blank lines.
PAGE = """渠水进了西李村
本报讯 县水利局投资修建的西干渠上
周通水，西李村六百亩旱地头一回浇上
了渠水。村民李二锁守在渠边看了一夜
，天亮才回家。
“往年浇一遍地要排三天队，现在半天
就轮到了。”他说。县里还准备在渠边
修三座小泵站，让坡上的果园也用上水。
村里成立了用水协会，水费张榜公布。
柴满仓
周边三个村也报了名，明年春天一起修
支渠，预计增加水浇地一千二百亩。
今年集市粮价
品名 城东 城西 城南
玉米 1.12 1.08 1.10
小米 2.40 2.36 2.50
△东岗乡中学筹资三千元，给寄宿生换
了六十四床棉被。
△县文化馆办书画展，收到作品一百七
十一件。
编后：渠修好了，怎么管好还要动脑筋
。"""


def paragraphs(page, gains=None):
    lines = page.split("\n")
    joined = set(joined_lines(lines, gains))
    text = lines[0]
    for number, line in enumerate(lines[1:]):
        text += line if number in joined else "\n" + line
    return text.split("\n")


def test_joined_lines_keep_headings_bylines_items_and_rows_apart():
    found = paragraphs(PAGE)
    assert [text for text in found if len(text) <= 19] == [
        "渠水进了西李村",
        "柴满仓",
        "今年集市粮价",
        "品名 城东 城西 城南",
        "玉米 1.12 1.08 1.10",
        "小米 2.40 2.36 2.50",
        "编后：渠修好了，怎么管好还要动脑筋。",
    ]
    assert found[1].startswith("本报讯")
    assert found[1].endswith("天亮才回家。")
    assert [text[:4] for text in found[-3:]] == ["△东岗乡", "△县文化", "编后：渠"]


def test_column_width_reads_digits_at_half_width():
    wide = "全县今年已经完成公路养护投资两千万元\n"
    narrow = "全县今年12月完成公路养护投资2430万元，\n"
    assert column_width((wide * 4 + narrow * 8).split("\n")) == -19


@pytest.mark.parametrize(
    "page",
    [
        "白日依山尽\n黄河入海流\n欲穷千里目\n更上一层楼\n" * 3,
        "一行短句。\n另一行长一些的句子在这里。\n再来一行，它要比前面两行都长得多。\n短。\n" * 3,
        "第一段。\n\n第二段。\n\n第三段。",
    ],
)
def test_pages_without_a_column_are_left_alone(page):
    assert joined_lines(page.split("\n"), None) == []


def test_two_lines_without_marks_are_one_heading_when_the_model_says_so():
    page = "全县冬季农田水利基本建设现场工作会\n议提出新目标\n" + PAGE.partition("\n")[2]
    apart, joined = (paragraphs(page, lambda pairs, gain=gain: [gain] * len(pairs)) for gain in (1.0, 9.0))
    assert (apart[0], joined[0]) == (
        "全县冬季农田水利基本建设现场工作会",
        "全县冬季农田水利基本建设现场工作会议提出新目标",
    )


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("玉米  1.12  1.08", 3),
        ("品名 城东 城西 城南", 4),
        ("十万民工战三渠 八百干部睡工棚", 0),
        ("他说，路通了 水来了 电有了，大家高兴", 0),
        ("T57次 东川站 18:42开 次日6:30到", 4),
    ],
)
def test_cells_of_tells_rows_from_titles(line, cells):
    assert len(cells_of(line)) == cells
