"""Invented persons and companies. Every draw comes from the `Random` that is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from samples import numbers

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
_DOUBLE_SURNAMES = ("欧阳", "上官", "诸葛", "司马")
_GIVEN_MALE = "伟强磊军洋勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆志远建国文博旭东海峰立新宏毅承泽景行"
_GIVEN_FEMALE = "芳娜敏静丽艳娟霞秀英玲桂兰晓燕雪梅琳慧颖婷丹萍倩佳怡欣妍雨桐若溪思嘉诗涵月华云舒"
_NATIONS = ("汉",) * 12 + ("满", "朝鲜", "蒙古", "回", "达斡尔")
_STREETS = ("霁云路", "松涛街", "澜江大街", "桦林路", "望湖街", "丁香大街", "雪原路", "向北街", "临江西路", "云杉街")
_FIRST = "霁澜桦岚泓屿珩砚汀沐穗翎禾序衍"
_SECOND = "桐川屿瑞启临远澄嘉岳越序源朗禾"
_TRADES = (
    "建筑工程", "招标代理", "信息技术", "市政工程", "环保科技", "医疗器械", "工程咨询", "电力设备", "园林绿化",
    "测绘地理信息", "机电设备安装", "供热", "物业管理", "交通设施", "粮食贸易",
)  # fmt: skip
_PUBLIC = ("政府采购服务中心", "水文勘测中心", "城乡建设事务中心", "第九中学", "农业技术推广站", "疾病防治所")
_KINDS = ("有限责任公司(自然人投资或控股)", "有限责任公司", "有限责任公司(自然人独资)")
_SCOPES = (
    "房屋建筑工程、市政公用工程施工", "工程招标代理", "工程造价咨询", "建筑材料、五金产品销售",
    "计算机软硬件技术开发、技术咨询", "机电设备安装、维修", "园林绿化工程设计与施工", "道路货物运输",
    "环境保护专用设备销售", "测绘服务", "劳务服务（不含劳务派遣）",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """A natural person with what an identity card says. `id_until` is None for 长期."""

    name: str
    male: bool
    nation: str
    born: date
    address: str
    id_number: str
    phone: str
    authority: str
    id_from: date
    id_until: date | None


@dataclass(frozen=True, slots=True)
class Company:
    """A unit with what its registration document says. `until` is None for 长期; `public`: 事业单位."""

    name: str
    code: str
    kind: str
    address: str
    principal: Person
    capital: str
    founded: date
    until: date | None
    scope: str
    authority: str
    public: bool = False

    @property
    def old_number(self) -> bool:
        """True for a 15-digit 注册号 in place of a credit code."""
        return len(self.code) == 15


def person_name(rng: Random, male: bool) -> str:
    surname = rng.choice(_DOUBLE_SURNAMES) if rng.random() < 0.04 else rng.choice(_SURNAMES)
    given = _GIVEN_MALE if male else _GIVEN_FEMALE
    return surname + "".join(rng.choice(given) for _ in range(rng.choice((1, 2, 2, 2))))


def address(rng: Random, area: str) -> str:
    place = f"{area}{rng.choice(_STREETS)}{rng.randint(1, 399)}号"
    tail = rng.choice(("", "{a}栋{b}单元{c}0{d}室", "{a}号楼{c}层", "创新大厦{c}0{d}室"))
    return place + tail.format(a=rng.randint(1, 12), b=rng.randint(1, 4), c=rng.randint(2, 18), d=rng.randint(1, 9))


def make_person(rng: Random) -> Person:
    region, area = rng.choice(numbers.REGIONS)
    male = rng.random() < 0.55
    born = date(rng.randint(1962, 1998), rng.randint(1, 12), rng.randint(1, 28))
    issued = date(rng.randint(2018, 2024), rng.randint(1, 12), rng.randint(1, 28))
    long = issued.year - born.year >= 46
    return Person(
        name=person_name(rng, male),
        male=male,
        nation=rng.choice(_NATIONS),
        born=born,
        address=address(rng, area),
        id_number=numbers.identity_number(rng, region, born, male),
        phone=numbers.mobile_number(rng),
        authority=_police(area),
        id_from=issued,
        id_until=None if long else issued.replace(year=issued.year + 20),
    )


def _police(area: str) -> str:
    city, _, district = area.split("省")[1].partition("市")
    return f"{city}市公安局{district.removesuffix('区')}分局"


def make_company(rng: Random, *, trade: str = "", public: bool = False, old_number: bool = False) -> Company:
    region, area = rng.choice(numbers.REGIONS[:10])
    city = area.split("省")[1].partition("市")[0]
    founded = date(rng.randint(2003, 2022), rng.randint(1, 12), rng.randint(1, 28))
    code = numbers.registration_number(rng, region) if old_number else _code(rng, region, public)
    return Company(
        name=_unit_name(rng, city, trade, public),
        code=code,
        kind="事业单位" if public else rng.choice(_KINDS),
        address=address(rng, area),
        principal=make_person(rng),
        capital=rng.choice(("壹佰万元整", "伍佰万元整", "壹仟万元整", "贰仟万元整", "伍仟万元整")),
        founded=founded,
        until=_until(rng, founded, public),
        scope="；".join(rng.sample(_SCOPES, rng.randint(2, 5))) + "。",
        authority=f"{city}市{'事业单位登记管理局' if public else '市场监督管理局'}",
        public=public,
    )


def _until(rng: Random, founded: date, public: bool) -> date | None:
    """The last day of the document; far from the time the samples play in, None for 长期."""
    if public:
        return date(rng.randint(2028, 2030), 3, 31)
    return None if rng.random() < 0.5 else founded.replace(year=founded.year + 30) - timedelta(days=1)


def _code(rng: Random, region: str, public: bool) -> str:
    return numbers.credit_code(rng, "12" if public else "91", region)


def _unit_name(rng: Random, city: str, trade: str, public: bool) -> str:
    if public:
        return f"{city}市{rng.choice(_FIRST)}{rng.choice(_SECOND)}区{rng.choice(_PUBLIC)}"
    brand = rng.choice(_FIRST) + rng.choice(_SECOND)
    ending = rng.choice(("有限公司", "有限公司", "有限责任公司", "集团有限公司"))
    start = rng.choice((f"{city}市", city, "黑龙江省", "黑龙江"))
    return f"{start}{brand}{trade or rng.choice(_TRADES)}{ending}"
