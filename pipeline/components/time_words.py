"""List the words that count from another year, month, day or week, with how far: 去年 is a year back."""

YEAR_SHIFT = {
    **dict.fromkeys(("今年", "本年"), 0),
    **dict.fromkeys(("去年", "上年"), -1),
    **dict.fromkeys(("明年", "来年"), 1),
    **dict.fromkeys(("前年",), -2),
    **dict.fromkeys(("后年",), 2),
}
YEAR_AFTER_LAST = {"同年": 0, "当年": 0, "次年": 1, "翌年": 1}
MONTH_SHIFT = {"本月": 0, "这个月": 0, "上月": -1, "上个月": -1, "下月": 1, "下个月": 1}
MONTH_AFTER_LAST = {"当月": 0, "同月": 0, "次月": 1}
# Counted from the dateline or the day of print.
DAY_SHIFT = {
    **dict.fromkeys(("今天", "今日", "今晨", "今早", "今晚", "今夜", "今天晚间"), 0),
    **dict.fromkeys(("昨天", "昨日", "昨晚", "昨夜", "昨晨", "昨早", "昨天夜里"), -1),
    **dict.fromkeys(("明天", "明日", "明晨", "明早", "明晚"), 1),
    **dict.fromkeys(("前天", "前日", "前晚"), -2),
    **dict.fromkeys(("后天",), 2),
}
DAY_AFTER_LAST = {
    **dict.fromkeys(("当天", "当日", "同日", "同一天", "当晚", "当夜"), 0),
    **dict.fromkeys(("次日", "翌日", "第二天", "隔天", "次晨"), 1),
}
# The first of two years or days that are named together (今明两年).
PAIR_SHIFT = {"今明": 0, "昨今": -1, "去今": -1, "明后": 1}
WEEK_SHIFT = {"上上": -2, "上": -1, "本": 0, "这": 0, "下": 1, "下下": 2}
