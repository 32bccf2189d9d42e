"""Hypothesis strategies: pages made of lines such as newspapers have, and of lines such as no newspaper has."""

from hypothesis import strategies as st

HEADS = [
    "雨停路通 抢修及时",
    "我市召开防汛工作会议",
    "## 我市召开防汛工作会议",
    "# 秋粮丰收在望",
    "### 党建引领 服务到家",
    "——城南街道见闻",
    "本版责编 王丹",
]
NEWS = [
    "**本报讯** 10月12日,全市防汛工作会议召开。会议要求,各部门要压实责任。",
    "本报讯（记者 王 丹 通讯员 侯小宇） 记者从市水务局获悉，今年全市新建改造供水管网71公里。",
    "新华社北京10月15日电（记者李明）国务院有关部门15日印发通知，部署秋冬防火工作。",
    "截至目前，全市共建成社区服务站155个，服务居民2.27万人次，满意率达到98.6",
    "%，比去年提高了3个百分点。",
    "“太方便了！”居民张建国说，过去要跑三趟，现在一次就办完了。（下转第3版）",
    "（上接第1版）在城南街道，工作人员正在逐户核对信息，确保不漏一户、不漏一人。",
]
CREDITS = [
    "(梁 丹)",
    "记者 王 丹 通讯员 侯小宇",
    "李 明 张 强 摄影报道",
    "本报记者 王丹 摄",
    "责编 王丹 版式 李明 校对 张强",
]
OTHER = [
    "社会主义",
    "富强 民主 文明 和谐",
    "遗失声明",
    "李明不慎将身份证遗失，声明作废。",
    "| 品种 | 价格 |\n|---|---|\n| 茄子 | 3.60 |",
    "![](images/1.jpg)",
    "<!-- PageBreak -->",
    "2024年10月16日 星期三 A04 要闻",
    "&nbsp;&amp;",
    "晴转多云 12℃～24℃",
    "---",
]
printed = st.sampled_from(HEADS + NEWS + CREDITS + OTHER)
noise = st.text(st.characters(codec="utf-8"), max_size=40)
marks = st.text("#*|-_[](){}<>!&;。，“”（）《》 \t\u3000\u200b\ufeff", max_size=30)
lines = st.one_of(printed, printed, printed, noise, marks)
gaps = st.sampled_from(["\n", "\n\n", "\n\n\n", "\r\n", " \n"])

pages = st.lists(st.tuples(lines, gaps), max_size=25).map(lambda rows: "".join(line + gap for line, gap in rows))
