"""The desks in a real browser: by keyboard, two at a time, with log-ins that end and hands that click twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from sqlalchemy import delete, select, update

from bench.stores import free_port, make_ca, serving
from pipeline.approvals import verdict_of
from pipeline.clock import now
from pipeline.registry import CertificateState
from pipeline.states import State
from pipeline.store.desk_tables import WebSession
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store, open_store
from pipeline.store.tables import Application, CorrectionRow, DecisionRow, Event, Lease
from pipeline.users import Role, add_user
from pipeline.waiting import subject
from tests.conftest import prepared
from tests.pipeline.flow import approved_case, finished_case, work_all
from tests.pipeline.papers import folder
from tests.web.browser import PASSWORD, Person, chromium, enter_staff
from yinjian.settings import Settings

numbers = count(1)


@dataclass(frozen=True)
class Site:
    """A running web with its store."""

    url: str
    store: Store
    settings: Settings

    def case(self, kind: str) -> str:
        """An application that waits for a person."""
        return finished_case(self.store, f"{kind}-{next(numbers)}", self.settings)

    def state(self, case: str) -> str:
        with self.store.reading() as session:
            return session.get_one(Application, case).state

    def count(self, table: type, **wanted: str) -> int:
        with self.store.reading() as session:
            return len(session.scalars(select(table).filter_by(**wanted)).all())

    def end_sessions(self) -> None:
        with self.store.writing() as session:
            session.execute(delete(WebSession))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    settings = replace(prepared(tmp_path_factory.mktemp("desks")), web_port=free_port())
    make_ca(settings)
    store = open_store(settings)
    enter_staff(store)
    with serving(settings) as url:
        yield Site(url, store, settings)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def rev(site: Site, browser: Browser) -> Iterator[Person]:
    yield from at_a_desk(site, browser, "rev")


@pytest.fixture
def rev2(site: Site, browser: Browser) -> Iterator[Person]:
    yield from at_a_desk(site, browser, "rev2")


def at_a_desk(site: Site, browser: Browser, name: str) -> Iterator[Person]:
    person = Person.at(browser, site.url, name)
    yield person
    assert person.faults == []
    person.page.context.close()


def test_five_cases_are_cleared_by_keyboard_alone(site: Site, rev: Person) -> None:
    cases = {kind: site.case(kind) for kind in ("misread", "faulty", "warned", "smudged", "altered")}
    page = rev.page

    # One obvious correction: take what the others say, approve, Enter. Three keys.
    rev.open(cases["misread"])
    assert rev.left() >= 1
    rev.press("1")
    rev.sees_left(0)
    rev.press("a", "Enter")
    page.wait_for_url(lambda url: cases["misread"] not in url)
    assert site.state(cases["misread"]) == State.APPROVED

    # What is missing on the reading stands on the paper: typed in.
    rev.open(cases["faulty"])
    rev.press("e")
    page.keyboard.type("13904510002")
    rev.press("Enter")
    rev.sees_left(0)
    rev.press("a", "Enter")
    page.wait_for_url(lambda url: cases["faulty"] not in url)
    assert site.state(cases["faulty"]) == State.APPROVED

    # A warning is settled with a reason.
    rev.open(cases["warned"])
    rev.press("s")
    page.keyboard.type("多出的一页是空白页")
    rev.press("Enter")
    rev.sees_left(0)
    rev.press("a", "Enter")
    page.wait_for_url(lambda url: cases["warned"] not in url)
    assert site.state(cases["warned"]) == State.APPROVED

    # A seal that is clipped goes back, with the letter that says so.
    rev.open(cases["smudged"])
    rev.press("c")
    rev.sees_left(1)
    rev.press("r")
    expect(page.locator("#letter-text")).to_have_value(re.compile("公章"))
    rev.press("Control+Enter")
    page.wait_for_url(lambda url: "letter" not in url)
    assert site.state(cases["smudged"]) == State.RETURNED

    # Another agreement is no way to a certificate.
    rev.open(cases["altered"])
    rev.press("x")
    page.keyboard.type("协议文本被改动")
    rev.press("Enter")
    page.wait_for_url(lambda url: cases["altered"] not in url)
    assert site.state(cases["altered"]) == State.REJECTED


def test_selecting_a_field_moves_the_image_to_its_box(site: Site, rev: Person) -> None:
    rev.open(site.case("faulty"))
    page = rev.page
    first = page.locator("#sheet").evaluate("e => e.style.transform")
    page.click(".item.field h2:has-text('授权委托中的经办人')")
    expect(page.locator("#frame")).to_be_visible()
    frame, stage = page.locator("#frame").bounding_box(), page.locator("#stage").bounding_box()
    assert frame and stage
    middle = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    assert stage["x"] < middle[0] < stage["x"] + stage["width"]
    assert stage["y"] < middle[1] < stage["y"] + stage["height"]
    rev.press("+", "+")
    assert page.locator("#sheet").evaluate("e => e.style.transform") != first
    expect(page.locator("#page")).to_have_attribute("src", re.compile("full.jpg"))
    rev.press("]")
    expect(page.locator("#page-name")).to_contain_text("2/")


def test_undo_takes_back_until_it_is_submitted(site: Site, rev: Person) -> None:
    case = site.case("misread")
    rev.open(case)
    before = rev.left()
    rev.press("1")
    rev.sees_left(0)
    rev.press("u")
    rev.sees_left(before)
    rev.press("s")
    rev.page.keyboard.type("已核实")
    rev.press("Enter")
    expect(rev.page.locator("#panel")).to_contain_text("您已放行，还需另一位复核员")
    rev.press("u")
    expect(rev.page.locator("#panel")).not_to_contain_text("您已放行")
    assert site.state(case) == State.REVIEW


def test_what_blocks_needs_a_second_reviewer_who_is_not_told_the_first_ones_reason(
    site: Site, rev: Person, rev2: Person
) -> None:
    case = site.case("altered")
    rev.open(case)
    rev.press("s")
    rev.page.keyboard.type("盖章前打印机换行所致")
    rev.press("Enter")
    expect(rev.page.locator("#panel")).to_contain_text("您已放行")
    rev.press("q")
    rev.page.wait_for_url("**/review")
    expect(rev.page.locator(f"tr:has-text('{case}')")).to_contain_text("待第二人复核")
    rev2.open(case)
    assert "盖章前打印机换行所致" not in rev2.page.content()
    expect(rev2.page.locator("#panel")).to_contain_text("独立判断")
    rev2.press("s")
    rev2.page.keyboard.type("逐字核对过，仅换行不同")
    rev2.press("Enter")
    rev2.sees_left(0)
    assert "盖章前打印机换行所致" in rev2.page.content()
    rev2.press("a", "Enter")
    rev2.page.wait_for_url(lambda url: case not in url)
    assert site.state(case) == State.APPROVED


def test_two_reviewers_on_one_case(site: Site, rev: Person, rev2: Person) -> None:
    case = site.case("faulty")
    rev.open(case)
    rev2.open(case)
    expect(rev2.page.locator(".banner")).to_contain_text("rev")
    assert not rev2.page.locator("[data-role=edit]:enabled").count()
    rev.press("e")
    rev.page.keyboard.type("13904510002")
    rev2.page.click("text=接手")
    rev2.page.wait_for_url(f"**/review/{case}")
    expect(rev2.page.locator("#panel .banner")).to_have_count(0)
    assert site.count(Event, action="took_over", application_id=case) == 1
    # What the first one typed is refused, and stays.
    rev.press("Enter")
    rev.notice("rev2")
    expect(rev.page.locator(".item.selected [data-role=edit]")).to_have_value("13904510002")
    assert site.count(CorrectionRow, application_id=case) == 0


def test_a_stale_lock_is_nobodys(site: Site, rev: Person, rev2: Person) -> None:
    case = site.case("faulty")
    rev.open(case)
    with site.store.writing() as session:  # rev's browser has given no sign of life for a while
        past = now() - timedelta(minutes=5)
        session.execute(update(Lease).where(Lease.subject == subject(case)).values(until=past))
    rev2.open(case)
    expect(rev2.page.locator("#panel .banner")).to_have_count(0)
    rev2.press("e")
    rev2.page.keyboard.type("13904510002")
    rev2.press("Enter")
    rev2.sees_left(0)
    assert site.count(Event, action="took_over", application_id=case) == 0


def test_two_tabs_of_one_reviewer(site: Site, rev: Person) -> None:
    case = site.case("faulty")
    rev.open(case)
    other = rev.page.context.new_page()
    rev.watch(other)
    other.goto(f"/review/{case}")
    rev.press("e")
    rev.page.keyboard.type("13904510002")
    rev.press("Enter")
    rev.sees_left(0)
    # The other tab still shows what was before: it does not overwrite what it has not seen.
    other.bring_to_front()
    other.keyboard.press("e")
    other.keyboard.type("13999999999")
    other.keyboard.press("Enter")
    expect(other.locator("#notice")).to_contain_text("已被修改")
    expect(other.locator(".item.selected [data-role=edit]")).to_have_value("13999999999")
    assert site.count(CorrectionRow, application_id=case) == 1


def test_a_double_click_is_one_click(site: Site, rev: Person) -> None:
    case = site.case("misread")
    rev.open(case)
    rev.page.locator(".item.selected [data-role=suggest-1]").dblclick()
    rev.sees_left(0)
    assert site.count(CorrectionRow, application_id=case) == 1
    rev.page.locator(".acts form.rule button.main").dblclick()
    rev.page.wait_for_url(lambda url: case not in url)
    assert site.count(DecisionRow, application_id=case) == 1


def test_the_back_button_shows_what_is_and_sends_nothing_again(site: Site, rev: Person) -> None:
    case = site.case("misread")
    rev.page.goto("/review")
    rev.open(case)
    rev.press("1")
    rev.sees_left(0)
    rev.press("a", "Enter")
    rev.page.wait_for_url(lambda url: case not in url)
    rev.page.go_back()
    rev.page.wait_for_url(f"**/review/{case}")
    expect(rev.page.locator("#panel")).to_contain_text("已批准")
    assert not rev.page.locator("[data-role=approve]").count()
    assert site.count(DecisionRow, application_id=case) == 1


def test_nothing_typed_is_lost_when_the_session_ends(site: Site, rev: Person) -> None:
    case = site.case("faulty")
    rev.open(case)
    rev.press("e")
    rev.page.keyboard.type("13904510002")
    site.end_sessions()
    rev.press("Enter")
    expect(rev.page.locator("#again")).to_be_visible()
    assert site.count(CorrectionRow, application_id=case) == 0
    rev.page.fill("#again input[name=password]", "wrong")
    rev.press("Enter")
    expect(rev.page.locator("#again .wrong")).to_contain_text("错误")
    rev.page.fill("#again input[name=password]", PASSWORD)
    rev.press("Enter")
    rev.sees_left(0)
    with site.store.reading() as session:
        assert session.scalars(select(CorrectionRow.actor).filter_by(application_id=case)).one() == "rev"


def test_a_letter_is_not_lost_when_the_session_ends(site: Site, rev: Person) -> None:
    case = site.case("faulty")
    rev.open(case)
    rev.press("r")
    rev.page.fill("#letter-text", "请补填经办人手机号码，只需重新提交第 1 页。")
    site.end_sessions()
    rev.press("Control+Enter")
    rev.page.fill("#again input[name=password]", PASSWORD)
    rev.press("Enter")
    rev.page.wait_for_url(lambda url: "letter" not in url)
    assert site.state(case) == State.RETURNED
    with site.store.reading() as session:
        row = session.scalars(select(DecisionRow).filter_by(application_id=case)).one()
        assert "第 1 页" in site.store.vault.open("decisions.letter", row.letter_sealed or b"")


def test_a_mark_is_cut_anew_from_a_frame_that_keys_move(site: Site, rev: Person) -> None:
    case = site.case("smudged")
    rev.open(case)
    rev.press("m")
    expect(rev.page.locator("#frame.cutting")).to_be_visible()
    before = rev.page.locator("#frame").evaluate("e => e.style.left")
    rev.press("ArrowRight", "Shift+ArrowDown")
    assert rev.page.locator("#frame").evaluate("e => e.style.left") != before
    rev.press("Escape")
    expect(rev.page.locator("#frame.cutting")).to_have_count(0)
    rev.press("o")
    expect(rev.page.locator("#over")).to_be_visible()
    seal = rev.page.locator(".item.selected img.checker")
    expect(seal).to_be_visible()
    box = seal.bounding_box()
    assert box and abs(box["width"] - 40 / 25.4 * 96) < 4  # 40 mm on a screen of 96 pixels an inch


def test_an_issuer_from_the_order_to_the_hand_over(site: Site, browser: Browser) -> None:
    with site.store.writing() as session:
        add_user(session, "both", (Role.REVIEWER, Role.ISSUER))
    case = approved_case(site.store, site.settings, f"clean-{next(numbers)}")
    issuer = Person.at(browser, site.url, "iss")
    page = issuer.page
    expect(page.locator("h1, caption").first).to_be_visible()
    page.click(f"text={case}")
    expect(page.locator('[data-key="i"]')).to_be_enabled()
    page.wait_for_load_state()  # before it nothing listens to keys
    issuer.press("i")
    page.wait_for_selector("text=打印密码信封", timeout=60_000)
    expect(page.locator(".steps li.done")).to_have_count(4)
    expect(page.locator("img.checker")).to_be_visible()
    with page.context.expect_event("response", lambda answer: answer.url.endswith("/envelope")) as envelope:
        page.click("text=打印密码信封")
    assert envelope.value.headers["content-type"] == "application/pdf"
    page.bring_to_front()
    page.fill("input[name=carrier]", "邮政")
    page.fill("input[name=tracking]", "EX123456789CN")
    page.click("text=登记邮寄")
    expect(page.locator("body")).to_contain_text("EX123456789CN")
    page.check("input[name=checked]")
    page.click("text=确认领取")
    expect(page.locator("[id^=certificate-] .state")).to_have_text("有效")
    with site.store.reading() as session:
        rows = session.scalars(select(CertificateRow)).all()
        assert {row.state for row in rows} == {CertificateState.ACTIVE}
        serial = rows[0].serial
    page.goto("/counter")
    page.fill("#q", "EX123456789CN")
    issuer.press("Enter")
    page.wait_for_url("**/search**")
    expect(page.locator("table")).to_contain_text(serial)

    # Revoking takes a second person.
    page.click(f"text={serial}")
    page.click("summary:has-text('撤销证书')")
    page.fill("input[name=note]", "提交的材料不真实")
    page.click("text=提出撤销")
    expect(page.locator("body")).to_contain_text("需要另一位同事确认")
    second = Person.at(browser, site.url, "adm")
    second.page.goto("/counter")
    second.page.click("button:has-text('确认撤销')")
    expect(second.page.locator("body")).not_to_contain_text("待第二人确认")
    with site.store.reading() as session:
        assert session.get_one(CertificateRow, serial).state == CertificateState.REVOKED
    assert issuer.faults == second.faults == []


def test_who_lacks_the_role_gets_nothing(site: Site, browser: Browser) -> None:
    case = site.case("faulty")
    for name, address in (("iss", f"/review/{case}"), ("aud", "/counter"), ("adm", f"/review/{case}")):
        person = Person.at(browser, site.url, name)
        answer = person.page.goto(address)
        assert answer is not None and answer.status == 403
        assert case not in person.page.inner_text("main")
        picture = person.page.request.get(f"/papers/{case}/page/0/view.jpg")
        assert (picture.status == 200) == (name == "aud")
        person.page.context.close()
    nobody = Person.newcomer(browser, site.url)
    nobody.page.goto(f"/review/{case}")
    assert "/login" in nobody.page.url
    assert nobody.page.request.get(f"/papers/{case}/page/0/view.jpg").status == 401


def serious(found: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    grave = (one for one in found if one["impact"] in ("serious", "critical"))
    return [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in grave]


@pytest.mark.parametrize("who, address", [("rev", "/review"), ("rev", "case"), ("rev", "letter"), ("iss", "/counter")])
def test_axe_finds_no_serious_fault(site: Site, browser: Browser, who: str, address: str) -> None:
    case = site.case("smudged")
    person = Person.at(browser, site.url, who)
    path = {"case": f"/review/{case}", "letter": f"/review/{case}/letter"}.get(address, address)
    for language in ("zh", "en"):
        person.page.goto(path)
        person.page.wait_for_load_state("networkidle")
        found = Axe().run(person.page).response["violations"]
        assert serious(found) == [], language
        with person.page.expect_navigation():
            person.page.locator(".top button[name=to]").first.click()
    person.page.context.close()


def test_axe_on_pages_for_everybody(site: Site, browser: Browser) -> None:
    person = Person.newcomer(browser, site.url)
    person.page.goto("/login")
    pages = ["/login", "/dashboard", "/password", "/factor", "/staff", "/cases?did=review", "/counter/ending"]
    for number, path in enumerate(pages):
        if number == 1:
            person.log_in("adm")
        person.page.goto(path)
        found = Axe().run(person.page).response["violations"]
        assert serious(found) == [], path
    person.page.context.close()


def test_the_first_view_of_a_page_is_small(site: Site, rev: Person) -> None:
    case = site.case("faulty")
    answer = rev.page.request.get(f"/papers/{case}/page/0/view.jpg")
    assert answer.status == 200
    assert len(answer.body()) < 300_000


def test_each_view_is_in_the_audit_log(site: Site, rev: Person) -> None:
    case = site.case("faulty")
    rev.open(case)
    rev.press("]")
    expect(rev.page.locator("#page-name")).to_contain_text("2/")
    rev.page.wait_for_load_state("networkidle")
    with site.store.reading() as session:
        seen = session.scalars(select(Event.detail).filter_by(action="viewed", application_id=case)).all()
        assert {"case", "page 1", "page 2"} <= set(seen)
        assert verdict_of(session, session.get_one(Application, case)) is not None


def test_a_page_that_is_sent_again_is_enough(site: Site, rev: Person, tmp_path: Path) -> None:
    case = site.case("faulty")
    rev.open(case)
    rev.press("r")
    expect(rev.page.locator("#letter-text")).to_have_value(re.compile("只需重新提交有问题的页"))
    rev.press("Control+Enter")
    rev.page.wait_for_url(lambda url: "letter" not in url)
    rev.page.goto(f"/review/{case}")
    new = next(folder(tmp_path, "clean-777").glob("*.png"))
    rev.page.check("input[name=page][value='1']")
    rev.page.set_input_files("input[name=files]", new)
    rev.page.click("text=提交并重新处理")
    expect(rev.page.locator("#panel")).to_contain_text("待处理")
    work_all(site.store, site.settings)
    assert site.state(case) == State.REVIEW


def test_a_double_click_on_a_plain_form_is_one_click(site: Site, browser: Browser) -> None:
    person = Person.at(browser, site.url, "adm")
    person.page.goto("/staff")
    given = site.count(Event, action="password_given", subject="user:aud")
    person.page.locator("tr:has-text('aud') button").dblclick()
    expect(person.page.locator(".banner")).to_be_visible()
    person.page.wait_for_load_state("networkidle")
    assert site.count(Event, action="password_given", subject="user:aud") == given + 1
    person.page.context.close()
