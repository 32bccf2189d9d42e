"""Which article goes on in which: page numbers, issues, title words, the broken sentence; what stays ambiguous."""

import itertools

import pytest

from pipeline.continuations import AssemblyOptions, Stub, continues, file_shape, find_links
from pipeline.splitting.cohesion import profile

SHIP = (
    "云溪船厂交出第一艘电动货船，老焊工鲍国良站在岸边看着船身滑进江水。为了把电池舱做得不怕水，鲍国良带着徒弟在船台边上"
)
SHIP_ON = "搭起水池，把电池舱沉到水里泡了四十个昼夜。船厂厂长路远征拿出订货单，电动货船的船台从早到晚没有空过。"
TEA = "青坑乡给古茶园装上电子围栏，茶农不再半夜守山。往年春茶开采，总有外人摸黑上山，古茶树元气大伤。"
TEA_ON = "电子围栏装上以后，青坑乡派出所同守山员合用平台，古茶树没有再丢过茶青。"
OTHERS = [
    profile(text)
    for text in ("社区食堂从今天起供应早餐，老人凭卡半价。", "图书馆把地下一层改成通宵阅览室，备了热水和毛毯。")
]
OPTIONS = AssemblyOptions()


def stub(name, text, page_no, *, to=None, back=None, title="", paper="云溪日报", source=None, date="2023-05-08"):
    return Stub(
        id=name,
        source=source or f"云溪日报_{date}_{page_no or name}.md",
        paper=paper,
        date=date,
        page_no=page_no,
        goes_to=to,
        comes_from=back,
        title=profile(title),
        body=profile(f"{title}\n{text}"),
        first=text[:60],
        last=text[-60:],
        fragment=False,
    )


def links(*stubs, options=OPTIONS):
    found, unsure = find_links(stubs, OTHERS, options)
    return {(link.head, link.tail) for link in found}, unsure


HEADS = (stub("ship", SHIP, "1", to="3", title="老船厂"), stub("tea", TEA, "1", to="3", title="茶山电子锁"))
TAILS = (stub("ship+", SHIP_ON, "3", back="1"), stub("tea+", TEA_ON, "3", back="1", title="茶山电子锁"))


@pytest.mark.parametrize("order", list(itertools.permutations((*HEADS, *TAILS))))
def test_find_links_tells_two_stories_apart_in_any_order(order):
    assert links(*order)[0] == {("ship", "ship+"), ("tea", "tea+")}


def test_find_links_says_what_spoke_for_a_link():
    found, _ = find_links((*HEADS, *TAILS), OTHERS, OPTIONS)
    evidence = {link.head: [item.split(":")[0] for item in link.evidence] for link in found}
    assert evidence["tea"] == ["numbers", "title", "subject"]
    assert all(0.8 <= link.probability <= 1 for link in found)


NO_PAIRS = {
    "the number there differs": (HEADS[0], stub("t", SHIP_ON, "4", back="1")),
    "the number back differs": (HEADS[0], stub("t", SHIP_ON, "3", back="2")),
    "another paper": (HEADS[0], stub("t", SHIP_ON, "3", back="1", paper="青岚晚报")),
    "one page": (HEADS[0], stub("t", SHIP_ON, "3", back="1", source=HEADS[0].source)),
    "nothing goes on": (stub("ship", SHIP, "1"), TAILS[0]),
}


@pytest.mark.parametrize("pair", NO_PAIRS.values(), ids=NO_PAIRS.keys())
def test_find_links_leaves_apart(pair):
    assert links(*pair) == (set(), set())


def test_find_links_flags_what_it_cannot_tell_apart():
    one, two = (stub(name, TEA, "1", to="3") for name in ("a", "b"))
    assert links(one, two, stub("c", TEA_ON, "3", back="1")) == (set(), {"a", "b", "c"})


def test_find_links_flags_a_pair_that_does_not_fit():
    assert links(HEADS[0], TAILS[1]) == (set(), {"ship", "tea+"})


def test_find_links_asks_more_where_a_page_has_no_number():
    tail = stub("tea+", TEA_ON, None, back="1", title="茶山电子锁")
    (known,), (unknown,) = (find_links((HEADS[1], item), OTHERS, OPTIONS)[0] for item in (TAILS[1], tail))
    assert unknown.probability < known.probability


SECTIONS = [("A3", "A1", "A3", True), ("3", "A1", "A3", True), ("3", "A1", "B3", False), ("A3", "1", "3", True)]


@pytest.mark.parametrize(("named", "own", "other", "agree"), SECTIONS)
def test_find_links_reads_numbers_within_a_section(named, own, other, agree):
    head = stub("h", TEA, own, to=named, title="茶山电子锁")
    tail = stub("t", TEA_ON, other, back=own, title="茶山电子锁")
    assert bool(links(head, tail)[0]) is agree


def test_find_links_takes_files_alike_but_for_numbers_for_one_issue():
    head = stub("h", TEA, "1", to="3", title="茶山电子锁", paper="云溪日报", source="yunxi-2023-05-08-p01.md")
    tail = stub("t", TEA_ON, "3", back="1", title="茶山电子锁", paper="yunxi", source="yunxi-2023-05-08-p03.md")
    assert links(head, tail)[0] == {("h", "t")}


def test_find_links_carries_the_headline_on_to_the_third_page():
    middle = stub("m", SHIP_ON, "3", back="1", to="4")
    last = stub(
        "l",
        "船多了，人手就紧了，厂长把退休的老伙计一个个请回船台，手艺要传给二十名学徒。",
        "4",
        back="3",
        title="老船厂",
    )
    assert links(HEADS[0], middle, last)[0] == {("ship", "m"), ("m", "l")}
    assert links(middle, last)[0] == set()


def test_file_shape_keeps_what_is_no_number():
    assert file_shape("a/云溪_2023-05-08_A03.md") == "a/云溪_0-0-0_0.md"


def test_continues_knows_a_broken_sentence_from_a_whole_one():
    assert continues(SHIP, SHIP_ON, None) > 0
    assert continues(TEA, TEA_ON, None) is None
