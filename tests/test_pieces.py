"""Self-contained pieces of a page, each set between two news stories as papers of forty years set them."""

from pathlib import Path

import pytest

from pipeline.cleaning import CleanerOptions, clean
from pipeline.splitting.articles import SplitterOptions, split_page
from pipeline.splitting.furniture import furniture_reason
from pipeline.splitting.grammar import load_grammar
from pipeline.types import Page, Publication

GRAMMAR = load_grammar(Path(__file__).parent.parent / "configs" / "grammar.toml")
ABOVE = """# 山前村玉露梨丰收

本报讯（记者 王丹） 金秋时节，山前村的玉露梨迎来丰收，果园里果农忙着采摘、装箱，今年亩产预计超过四千斤。

合作社负责人赵小强说，今年果园引进了水肥一体化设备，商品果率比去年高出两成，订单已经排到下个月。"""
BELOW = """# 流动诊所开进深山村

本报讯（记者 孙平） 每逢周三，县医院的流动诊所便开进深山村，医生带着药品，为行动不便的老人量血压。

县医院院长介绍，流动诊所设在一辆改装的客车上，配有检验设备，需要住院的老人由救护车接回县城。"""


def articles_of(text, name=None):
    page = Page("p", "p.md", text, "0" * 64, len(text), "utf-8", Publication(name))
    cleaned = clean(text, options=CleanerOptions())
    return split_page(page, cleaned=cleaned, options=SplitterOptions(), grammar=GRAMMAR).articles


def lines_of(article):
    return [article.text.text[z.start : z.end] for z in article.zones if z.role in ("paragraph", "caption", "table")]


def read(piece):
    """Give kind, title and body lines of what stands between two news stories; those must stay as they are."""
    first, *found, last = articles_of(f"{ABOVE}\n\n{piece}\n\n{BELOW}")
    assert (first.title, len(lines_of(first))) == ("山前村玉露梨丰收", 2)
    assert (last.title, len(lines_of(last)), last.kickers, last.column) == ("流动诊所开进深山村", 2, (), None)
    return [(item.kind, item.title, lines_of(item)) for item in found]


NOTICES = {
    "a library's": ("图书馆启事\n\n本馆从四月十日起延长开放时间至晚九时。\n\n东川市图书馆", "图书馆启事", 2),
    "thanks": ("鸣谢\n\n承蒙各界在我厂火灾中鼎力相助，谨此致谢。\n\n东川市木器厂\n\n1988年3月5日", "鸣谢", 3),
    "a wedding": ("结婚启事\n\n我俩定于元月一日结婚，特敬告诸亲友。\n\n张卫东 李红梅", "结婚启事", 2),
    "a tender": (
        (
            "**东川市医院设备采购项目招标公告**\n\n一、项目名称：呼吸机。\n\n二、报名时间：5月6日至12日。\n\n"
            "招标代理：省招标公司\n\n联系人：周工 电话：0351-4087766"
        ),
        "东川市医院设备采购项目招标公告",
        4,
    ),
    "an office to be filled": (
        "# 任前公示\n\n陈卫国，拟任市交通局局长。\n\n公示期：6月1日至7日。\n\n中共东川市委组织部\n\n2012年5月31日",
        "任前公示",
        4,
    ),
    "mourning in a frame": (
        "沉痛悼念周大山同志\n\n周大山同志因病逝世，享年九十二岁。\n\n周大山同志治丧委员会\n\n2013年8月3日",
        "沉痛悼念周大山同志",
        3,
    ),
    "a body's notice on a subject": (
        (
            "## 县供水公司关于调整水价的公告\n\n自6月1日起，居民用水执行新价格，"
            "详情可到各营业厅查询。\n\n县供水公司\n\n2011年5月20日"
        ),
        "县供水公司关于调整水价的公告",
        3,
    ),
    "recruitment with digits in its heading": (
        (
            "清溪中学2014年招聘教师启事\n\n因工作需要，面向社会招聘语文教师两名，"
            "要求本科以上学历。\n\n联系人：方老师 电话：6620188"
        ),
        "清溪中学2014年招聘教师启事",
        2,
    ),
    "heading with blanks between its characters": (
        (
            "讣 告\n\n退休干部田有根同志因病医治无效，于3月2日逝世，享年八十一岁，"
            "定于3月5日举行告别仪式。\n\n子：田大川 女：田小云 泣告"
        ),
        "讣告",
        2,
    ),
    "losses under one heading": (
        "**挂失声明**\n\n△城关镇便民小吃店遗失卫生许可证副本，声明作废。\n\n△马东来遗失残疾证一本，声明作废。",
        "挂失声明",
        2,
    ),
    "the body's name above the word": (
        (
            "东川县人民法院\n\n公告\n\n何建军：本院受理原告李秀云诉你离婚一案，"
            "现依法向你公告送达起诉状副本。\n\n二〇〇三年四月八日"
        ),
        "东川县人民法院 公告",
        2,
    ),
    "heading and text on one line": (
        "更正 本报昨日三版《渠水进村》一文中“八百亩”应为“八千亩”，特此更正，并向读者致歉。",
        "更正",
        1,
    ),
    "heading with a colon": ("遗失声明：赵铁柱遗失货车营运证，证号0412，声明作废。", "遗失声明", 1),
    "call for contributions": (
        "“我的老师”征文启事\n\n本刊即日起举办征文，字数一千字以内。来稿请寄本报副刊部，截稿日期9月1日。",
        "“我的老师”征文启事",
        1,
    ),
    "numbered paragraphs": (
        (
            "### 县国土局土地使用权拍卖出让公告\n\n经批准，我局定于8月3日公开拍卖一宗土地使用权。\n\n"
            "一、地块位于城北，面积一万平方米。\n\n二、凡符合条件者均可参加竞买。\n\n2009年7月10日"
        ),
        "县国土局土地使用权拍卖出让公告",
        4,
    ),
    "no heading at all": ("本人不慎将城南市场三号摊位租赁合同丢失，声明作废。", None, 1),
}


@pytest.mark.parametrize(("text", "title", "lines"), NOTICES.values(), ids=NOTICES)
def test_notices_are_taken_with_their_signatures(text, title, lines):
    ((kind, found, body),) = read(text)
    assert (kind, found, len(body)) == ("notice", title, lines)


def test_a_story_about_a_notice_is_news():
    text = "# 教育局发布高中招生公告\n\n本报讯 县教育局昨日发布公告，今年高中招生三千人，报名从6月1日开始。"
    assert [kind for kind, *_ in read(text)] == ["news"]


def test_a_notice_ends_at_its_signature():
    text = (
        "# 讣告\n\n退休教师常志远同志于5月2日逝世，享年九十岁。\n\n子：常大山 女：常小河 率孙辈泣告\n\n"
        "迁居大吉 专业搬家\n\n顺达搬家，居民搬家200元起，单位搬迁面议。电话：6630011"
    )
    assert [(kind, len(body)) for kind, _, body in read(text)] == [("notice", 2), ("ad", 1)]


def test_texts_of_a_court_come_back_from_another_article():
    text = (
        "法院公告\n\n贺长林：本院受理原告城关信用社诉你借款纠纷一案，现依法公告送达开庭传票，逾期依法缺席判决。\n\n"
        f"{BELOW}\n\n"
        "江北机床厂：本院受理原告东风铸造厂诉你货款纠纷一案，自公告之日起经过60日即视为送达。"
    )
    first, second = articles_of(text)
    assert (first.kind, len(lines_of(first)), second.kind, len(lines_of(second))) == ("notice", 2, "news", 2)


TABLES = {
    "prices in words": (
        "农贸市场昨日行情\n鸡蛋 每斤一元二角五\n鲤鱼 每斤二元八角\n菠菜 每斤一角二分",
        "农贸市场昨日行情",
        3,
    ),
    "cinemas": ("今日影讯\n\n文化宫：《春风》10:00 14:00 19:30\n\n人民影院：《秋水》9:30 15:00", "今日影讯", 2),
    "a station's programme": ("今日荧屏\n\n中央一套\n\n19:00 新闻联播\n20:05 电视剧：《长河》（5、6）", "中央一套", 2),
    "weather in brackets": ("【天气】今日晴间多云，12℃~25℃，南风2-3级；明日多云转阴，有小雨，11℃~20℃。", "天气", 1),
    "rates with the day under the heading": (
        "外汇牌价\n（1996年5月8日 单位：人民币/100外币）\n美元 832.15 834.65\n港币 107.52 107.84\n日元 7.92 7.96",
        "外汇牌价",
        4,
    ),
    "names and figures": (
        "高考录取分数线\n\n文科一本：558分\n\n理科一本：534分\n\n文科二本：512分",
        "高考录取分数线",
        3,
    ),
    "drawn numbers": (
        "## 体彩开奖\n\n排列三 第14156期 4 8 2\n\n七星彩 第14069期 1 5 9 0 7 3 3",
        "体彩开奖",
        2,
    ),
    "drawn numbers set with line breaks": (
        (
            "# 福利彩票双色球开奖公告\n\n"
            "第2012033期 开奖日期：2012年3月25日<br>红色球：02 08 15 21 26 30 蓝色球：11<br>一等奖 3注"
        ),
        "福利彩票双色球开奖公告",
        3,
    ),
    "prices in blanks": (
        "今日菜价\n品名  城东  城西\n白菜  1.20  1.10\n土豆  2.40  2.36\n猪肉  18.0  18.5",
        "今日菜价",
        4,
    ),
    "trains, a place left empty": (
        "新图列车时刻\n\nT57次 东川站 18:42开 次日6:30到\nK418次 改由西川始发 9:15开\n2157次 停运 可改乘2159次",
        "新图列车时刻",
        3,
    ),
    "times of the day": ("## 今日赛事\n\n19:35 篮球联赛 东川—西川\n\n21:00 足球联赛 南川—北川", "今日赛事", 2),
    "an agenda": (
        "大会今日议程\n\n上午九时 第二次全体会议，听取法院工作报告\n\n下午三时 分团审议上述报告",
        "大会今日议程",
        2,
    ),
    "weather with line breaks": (
        "### 今明天气\n\n今天多云转雷阵雨，24℃—32℃，西南风2—3级<br>明天大雨，23℃—28℃",
        "今明天气",
        2,
    ),
    "weather behind its heading": (
        "天气预报 今天白天晴间多云，最高气温26℃，偏南风三级；今天夜间多云，最低气温13℃，明天有小雨。",
        "天气预报",
        1,
    ),
    "a table's caption": (
        (
            "<table><caption>结冰路段提示</caption><tr><th>路段</th><th>桩号</th></tr>"
            "<tr><td>北关段</td><td>K14</td></tr><tr><td>南关段</td><td>K21</td></tr></table>"
        ),
        "结冰路段提示",
        3,
    ),
}


@pytest.mark.parametrize(("text", "title", "lines"), TABLES.values(), ids=TABLES)
def test_figures_are_taken_under_their_heading(text, title, lines):
    ((kind, found, body),) = read(text)
    assert (kind, found, len(body)) == ("notice", title, lines)


ADS = {
    "a builder": "东川市第一建筑公司 承建各类建筑 信誉第一\n\n地址：建设路7号 经理：石大力 电挂：0077",
    "flats": "## 一线江景 恢弘登场\n\n118—168㎡阔景大宅 首期8万起\n\n诚邀品鉴 0888—5566888\n\n开发商：东川置业",
    "a house with its name below": "国庆黄金周 满200减100\n\n全场冬装5折起 金饰每克立减20元\n\n东川百货大楼",
    "a factory": "东川电机厂\n\n生产Y系列电动机，实行三包，代办托运，欢迎来函订购。电挂：2255 电话：3344",
    "small advertisements": "# 分类信息\n\n出租 临街门面房两间，电话：6655443\n\n转让 急转饭店一处，13800001111",
    "masked number": "## 金水湾二期盛大开盘\n\n购房送面积 首付三万起\n\n贵宾热线：0371-6688×××× 售楼处：花园路",
    "shop without a number": "## 金秋家电节 国庆不打烊\n\n彩电满3000送300 空调清仓最低99折 地址：解放路口",
    "a distillery of the eighties": "县酒厂隆重推出 清泉特曲 窖香浓郁 一品难忘",
    "breeders": "优质种兔长期供应 包回收 包技术 联系人：白秀英",
    "a hospital": (
        "# 爱明眼科医院 近视手术开学季\n\n凭学生证术前检查免费，立减2000元。院址：人民路口。\n\n咨询热线：0911-3600120"
    ),
}


@pytest.mark.parametrize("text", ADS.values(), ids=ADS)
def test_advertisements_of_every_period_are_taken(text):
    assert [kind for kind, *_ in read(text)] == ["ad"]


@pytest.mark.parametrize(
    "text",
    [
        "公共场所禁止吸烟 文明城市你我共建",
        "戴口罩 勤洗手 常通风 不聚集",
        "护线条例记心间 线下莫垂钓 线下莫放线",
        "节约用水从点滴做起",
    ],
)
def test_slogans_in_phrases_are_taken(text):
    assert read(text) == [("filler", None, [text])]


def test_a_title_in_phrases_is_no_slogan():
    text = "# 保护海洋生态 建设美丽家园\n\n——东川海岸整治见闻\n\n" + BELOW.partition("\n\n")[2]
    (kind, title, _), *_ = read(text)
    assert (kind, title) == ("news", "保护海洋生态 建设美丽家园")


PICTURES = {
    "photographers after a slash": (
        "## 学礼仪 迎盛会\n\n志愿者昨日在公交站台上示范排队上车。\n\n图/本报记者 李 辉",
        "李辉",
    ),
    "a house that no list knows": ("清晨，实验楼外墙的爬山虎结了一层薄霜。 学生记者 石 榴 摄", "石榴"),
    "a drawing": (
        "漫画：老师怀里抱着一摞奖状，身边一个娃娃踮着脚尖给他戴红花。\n\n汪德明 画",
        "汪德明",
    ),
    "a work of art on one line": ("春汛（木刻） 郑石安 作", "郑石安"),
}


@pytest.mark.parametrize(("text", "person"), PICTURES.values(), ids=PICTURES)
def test_pictures_are_taken_with_their_makers(text, person):
    first, found, last = articles_of(f"{ABOVE}\n\n{text}\n\n{BELOW}")
    assert (first.kind, found.kind, last.kind) == ("news", "photo", "news")
    assert [item.name for item in found.byline.people] == [person]
    assert len(lines_of(found)) == 1


def test_a_caption_without_credit_says_that_it_is_one():
    text = "雨后的东川湿地公园，白鹭成群结队。图为市民在栈道上拍摄。"
    assert read(text) == [("photo", None, [text])]


def test_captions_point_to_their_pictures_or_number_them():
    assert [kind for kind, *_ in read("![](b.jpg)\n\n▲ 改造后的和平街小游园")] == ["photo"]
    text = "图①：新落成的体育馆。\n\n图②：市民在馆内健身。\n\n本组图片由本报记者 李强 摄"
    assert [(kind, len(body)) for kind, _, body in read(text)] == [("photo", 2)]


def test_a_short_bold_word_before_a_credited_caption_is_its_title():
    text = "**油菜花开** 3月20日，游客在东川县花溪乡的油菜花田里拍照。 赵晓东 摄"
    assert [(kind, title) for kind, title, _ in read(text)] == [("photo", "油菜花开")]


def test_a_picture_stands_under_its_standing_head():
    text = "图片新闻\n\n稻田里的画\n\n孩子们在收割后的稻茬间追逐。 梁晨 摄"
    _, found, _ = articles_of(f"{ABOVE}\n\n{text}\n\n{BELOW}")
    assert (found.kind, found.column, found.title) == ("photo", "图片新闻", "稻田里的画")


POEMS = {
    "a regulated poem": (
        "七律·咏渠\n\n孙大年\n\n一渠清水绕山来，万亩荒原次第开。\n昔日沙飞春不到，今朝柳绿燕初回。",
        "七律·咏渠",
        ["孙大年"],
        2,
    ),
    "words to a tune": (
        "清平乐·收割\n\n赵明\n\n金风初度，\n稻熟千家处。\n机响连天人不苦，\n笑语田间无数。",
        "清平乐·收割",
        ["赵明"],
        4,
    ),
    "line breaks for lines": (
        "**黄昏的码头**<br>林小雨<br><br>船靠了岸<br>缆绳还是湿的<br>有人把一天的风<br>卷进帆里<br>扛回家去",
        "黄昏的码头",
        ["林小雨"],
        5,
    ),
    "the poet's school beside the name": (
        (
            "未央诗社\n\n致十二月\n\n外语学院 林 草\n\n银杏一片片落下\n只留下最高的那一片\n"
            "写着谁的名字\n\n我从窗口望过去\n像未读完的一页"
        ),
        "致十二月",
        ["林草"],
        5,
    ),
    "the poet on the title's line": (
        "粉笔（三题） 田 野\n\n你一天天变短\n一行行字却长起来\n长过窗外的杨树\n\n黑板擦过\n雪落满肩头",
        "粉笔（三题）",
        ["田野"],
        5,
    ),
    "marks inside the lines": (
        (
            "二月（外一首）\n\n北 岩\n\n雪退到山的背面\n河水翻找去年的书页\n一行是柳，一行是鸭\n"
            "她说，风软了\n\n渡口\n\n船走了，波纹留下来\n替它把话说完\n对岸的人老成乌桕"
        ),
        "二月（外一首）",
        ["北岩"],
        7,
    ),
}


@pytest.mark.parametrize(("text", "title", "poets", "lines"), POEMS.values(), ids=POEMS)
def test_poems_are_taken_line_by_line(text, title, poets, lines):
    _, found, _ = articles_of(f"{ABOVE}\n\n{text}\n\n{BELOW}")
    assert (found.form, found.title, len(lines_of(found))) == ("poem", title, lines)
    assert [person.name for person in found.byline.people] == poets


FURNITURE = [
    (
        "东川日报\nDONGCHUAN RIBAO\n"
        "1987年5月14日 星期四 丁卯年四月十七 第14256期(代号1-3) "
        "北京地区天气预报 白天 晴间多云 最高气温26℃ 夜间 最低气温13℃"
    ),
    "东川日报\n\n中共东川市委员会机关报\n\n1994年8月30日 星期二 夏历甲戌年七月廿四 第16287号 今日八版",
    "东川日报\n\n岁月\n\n二○○三年二月二十七日 星期四 14",
    "A12 健康周刊 2016年9月2日 星期五 | 责编 孟凡 | 美编 晓雨 | 校对 惠玲",
    "A08 ■ 民生热线 ■ 2014年6月13日/星期五/责编 徐慧/美编 王斌/校对 秋菊",
    "# 东川日报\n\nDONGCHUAN RIBAO  2018年10月23日 星期二 农历戊戌年九月十五 第21036号 今日12版",
    "06 社会·热线\n\nDONGCHUAN EVENING NEWS 2011年7月19日 星期二 编辑/徐 立 美编/阿 文 校对/李 红",
    "今日导读\n秋种进度过八成 ▶2版\n高铁试行一码通行 ▶5版\n老字号的新算盘 ▶7版·经济周刊",
    "2版｜一碗面的乡愁\n\n5版｜新馆迎来百万观众\n\n7版｜年味里的小史",
]
FEET = [
    "责 编：童 岩  版 式：易 红",
    "主编：苗 青 电话：（025）8511×××× 投稿：jbdl@jbdl.example",
    "热线：702×××× 值班编辑：林 冲 校对：米 粒",
    "东川日报社地址：东亭路63号 新闻热线：027-86790212 广告许可证：4201004000117",
    "本报地址：民主路21号 邮政编码：530026 电话查询台：522321 每份零售0.35元 本月30日5时开印",
]


@pytest.mark.parametrize("text", FURNITURE)
def test_mastheads_of_every_period_are_furniture(text):
    first, last = articles_of(f"{text}\n\n{ABOVE}\n\n{BELOW}", name="东川日报")
    assert (first.title, first.kickers, first.column, last.title) == (
        "山前村玉露梨丰收",
        (),
        None,
        "流动诊所开进深山村",
    )


@pytest.mark.parametrize("text", FEET)
def test_lines_at_the_foot_are_furniture(text):
    first, last = articles_of(f"{ABOVE}\n\n{BELOW}\n\n{text}", name="东川日报")
    assert (len(lines_of(first)), len(lines_of(last))) == (2, 2)


def test_a_letter_to_the_editor_keeps_its_salutation():
    text = (
        "# 请把路灯修修\n\n编辑同志：\n\n我家住在北关巷，巷口的路灯坏了半个月，"
        "夜里老人出门看不清台阶，盼有关部门来修一修。"
    )
    assert "编辑同志：" in [line for item in articles_of(f"{ABOVE}\n\n{text}\n\n{BELOW}") for line in lines_of(item)]


STORIES = {
    "service at the end of a story": "据介绍，中心推出免费体验活动，最低票价30元，市民可拨打咨询电话：0351-7080600。",
    "prices in a story": "市场管理处主任说，批发价最低的白菜每公斤八角，优惠活动延续到月底，电话：6630011。",
}


@pytest.mark.parametrize("text", STORIES.values(), ids=STORIES)
def test_a_story_that_gives_a_number_is_no_advertisement(text):
    first, last = articles_of(f"{ABOVE}\n\n{text}\n\n{BELOW}")
    assert (first.kind, len(lines_of(first)), last.kind) == ("news", 3, "news")


LINES = [
    ("36 小时 生死救援", None),
    ("G20 峰会 今日开幕", None),
    ("奥迪 A6", None),
    ("4 0 7 1 8", None),
    ("第3版 要闻", "page line"),
    ("2014年6月13日 星期五", "page line"),
    ("责 编：童 岩 版 式：易 红", "editors"),
    ("编辑同志：", None),
]


@pytest.mark.parametrize(("line", "reason"), LINES)
def test_furniture_reason_inside_a_page(line, reason):
    assert furniture_reason(line, "东川日报", GRAMMAR, edge=False, repeated=False) == reason


# A page of the eighties in columns of thirteen characters, without blank lines, as a scan of it is read.
NARROW = """东川日报 一九八六年四月五日
星期六 第二版
我市百万军民上山造林
本报讯 四月三日，市党政军
机关干部一千多人到西山义务
植树。市委书记田大成同群众
一起挖坑、培土、浇水，半天
时间栽下油松三千多株。
市绿化委员会负责人说，今春
全市计划造林十二万亩，比去
年增加百分之二十，目前苗木
已经全部落实到乡到村。
（李长河）
西山林场实行承包责任制
本报讯 通讯员王木生报道：
西山林场把七千亩荒山承包给
五十二户职工，签订合同三十
年不变，职工造林积极性大增
。今春已完成整地四千亩，育
苗三百亩。
市场信息
市农贸市场昨日行情
鸡蛋 每斤一元二角五
鲤鱼 每斤二元八角
菠菜 每斤一角二分
图书馆启事
为方便读者，本馆从四月十日
起延长开放时间至晚九时，凭
证入馆，过期借书请速归还。
东川市图书馆
遗失
东川市五金厂遗失营业执照一
份，号码〇二三一，声明作废
。
西湖牌洗衣机 质量三包
东川洗衣机厂 电话：3456
责任编辑 王大年
"""


def test_a_page_in_narrow_columns_is_read_as_it_was_set():
    found = [(item.kind, item.title, item.column, len(lines_of(item))) for item in articles_of(NARROW, "东川日报")]
    assert found == [
        ("news", "我市百万军民上山造林", None, 2),
        ("news", "西山林场实行承包责任制", None, 1),
        ("notice", "市农贸市场昨日行情", "市场信息", 3),
        ("notice", "图书馆启事", None, 2),
        ("notice", "遗失", None, 1),
        ("ad", "西湖牌洗衣机 质量三包", None, 1),
    ]
