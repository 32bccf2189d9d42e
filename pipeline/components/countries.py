"""List countries by their names in Chinese news, with ISO 3166-1 codes.

The first name of a line is the one that becomes ``norm``. Historical states are left out; regions that
ISO codes separately but GB/T 2260 covers (香港, 澳门, 台湾) are found there.
"""

from __future__ import annotations

_TABLE = """
CN 中国 中华人民共和国
JP 日本 日本国
KP 朝鲜 朝鲜民主主义人民共和国
KR 韩国 大韩民国
MN 蒙古国
VN 越南
LA 老挝
KH 柬埔寨
TH 泰国
MM 缅甸
MY 马来西亚
SG 新加坡
ID 印度尼西亚 印尼
PH 菲律宾
BN 文莱
TL 东帝汶
IN 印度
PK 巴基斯坦
BD 孟加拉国
NP 尼泊尔
BT 不丹
LK 斯里兰卡
MV 马尔代夫
AF 阿富汗
KZ 哈萨克斯坦
UZ 乌兹别克斯坦
KG 吉尔吉斯斯坦
TJ 塔吉克斯坦
TM 土库曼斯坦
IR 伊朗
IQ 伊拉克
SY 叙利亚
TR 土耳其
IL 以色列
PS 巴勒斯坦
JO 约旦
LB 黎巴嫩
SA 沙特阿拉伯 沙特
YE 也门
OM 阿曼
AE 阿联酋 阿拉伯联合酋长国
QA 卡塔尔
BH 巴林
KW 科威特
GE 格鲁吉亚
AM 亚美尼亚
AZ 阿塞拜疆
CY 塞浦路斯
RU 俄罗斯 俄罗斯联邦
UA 乌克兰
BY 白俄罗斯
MD 摩尔多瓦
EE 爱沙尼亚
LV 拉脱维亚
LT 立陶宛
PL 波兰
CZ 捷克
SK 斯洛伐克
HU 匈牙利
RO 罗马尼亚
BG 保加利亚
RS 塞尔维亚
ME 黑山
HR 克罗地亚
SI 斯洛文尼亚
BA 波黑 波斯尼亚和黑塞哥维那
MK 北马其顿 马其顿
AL 阿尔巴尼亚
GR 希腊
DE 德国 德意志联邦共和国
FR 法国 法兰西
GB 英国
IE 爱尔兰
NL 荷兰
BE 比利时
LU 卢森堡
CH 瑞士
AT 奥地利
LI 列支敦士登
IT 意大利
VA 梵蒂冈
SM 圣马力诺
MT 马耳他
MC 摩纳哥
ES 西班牙
PT 葡萄牙
AD 安道尔
DK 丹麦
SE 瑞典
NO 挪威
FI 芬兰
IS 冰岛
US 美国 美利坚合众国
CA 加拿大
MX 墨西哥
GT 危地马拉
BZ 伯利兹
SV 萨尔瓦多
HN 洪都拉斯
NI 尼加拉瓜
CR 哥斯达黎加
PA 巴拿马
CU 古巴
JM 牙买加
HT 海地
DO 多米尼加
DM 多米尼克
BS 巴哈马
BB 巴巴多斯
TT 特立尼达和多巴哥
GD 格林纳达
LC 圣卢西亚
VC 圣文森特和格林纳丁斯
KN 圣基茨和尼维斯
AG 安提瓜和巴布达
CO 哥伦比亚
VE 委内瑞拉
GY 圭亚那
SR 苏里南
EC 厄瓜多尔
PE 秘鲁
BO 玻利维亚
BR 巴西
PY 巴拉圭
UY 乌拉圭
AR 阿根廷
CL 智利
EG 埃及
LY 利比亚
TN 突尼斯
DZ 阿尔及利亚
MA 摩洛哥
SD 苏丹
SS 南苏丹
ET 埃塞俄比亚
ER 厄立特里亚
DJ 吉布提
SO 索马里
KE 肯尼亚
UG 乌干达
TZ 坦桑尼亚
RW 卢旺达
BI 布隆迪
CD 刚果（金） 刚果(金) 刚果民主共和国
CG 刚果（布） 刚果(布) 刚果共和国
GA 加蓬
GQ 赤道几内亚
ST 圣多美和普林西比
CM 喀麦隆
CF 中非共和国
TD 乍得
NE 尼日尔
NG 尼日利亚
BJ 贝宁
TG 多哥
GH 加纳
CI 科特迪瓦
LR 利比里亚
SL 塞拉利昂
GN 几内亚
GW 几内亚比绍
SN 塞内加尔
GM 冈比亚
ML 马里
BF 布基纳法索
MR 毛里塔尼亚
CV 佛得角
ZA 南非
NA 纳米比亚
BW 博茨瓦纳
ZW 津巴布韦
ZM 赞比亚
MW 马拉维
MZ 莫桑比克
AO 安哥拉
MG 马达加斯加
MU 毛里求斯
KM 科摩罗
SC 塞舌尔
LS 莱索托
SZ 斯威士兰
AU 澳大利亚
NZ 新西兰
PG 巴布亚新几内亚
FJ 斐济
SB 所罗门群岛
VU 瓦努阿图
WS 萨摩亚
TO 汤加
KI 基里巴斯
TV 图瓦卢
NR 瑙鲁
PW 帕劳
MH 马绍尔群岛
FM 密克罗尼西亚
CK 库克群岛
NU 纽埃
"""
# One character stands for a country only beside another one (中美, 朝韩); the stage checks that.
_LETTERS = "CN中 US美 RU俄 JP日 KR韩 KP朝 GB英 FR法 DE德 IN印 AU澳 VN越"


def _read_table() -> dict[str, tuple[str, str]]:
    table: dict[str, tuple[str, str]] = {}
    for line in _TABLE.split("\n"):
        code, *names = line.split() or [""]
        table |= dict.fromkeys(names, (code, names[0] if names else ""))
    return table


# Name → (ISO code, usual name).
COUNTRIES: dict[str, tuple[str, str]] = _read_table()
_USUAL = dict(COUNTRIES.values())
COUNTRY_LETTERS: dict[str, tuple[str, str]] = {item[2]: (item[:2], _USUAL[item[:2]]) for item in _LETTERS.split()}
