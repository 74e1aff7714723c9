"""Debian's Chromium on the desks of a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from pipeline import accounts
from pipeline.store.store import Store
from pipeline.users import Role, add_user

CHROMIUM = Path("/usr/bin/chromium")
PASSWORD = "klar wie klossbruehe"
STAFF = {
    "rev": (Role.REVIEWER,),
    "rev2": (Role.REVIEWER,),
    "iss": (Role.ISSUER,),
    "adm": (Role.ADMINISTRATOR,),
    "aud": (Role.AUDITOR,),
}


def enter_staff(store: Store) -> None:
    """Staff with passwords of their own."""
    for name, roles in STAFF.items():
        with store.writing() as session:
            add_user(session, name, roles)
            session.flush()
            given = accounts.new_password(store, session, name, "test")
            accounts.change_password(store, session, name, given, PASSWORD)


@contextmanager
def chromium() -> Iterator[Browser]:
    assert CHROMIUM.exists(), "Chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Person:
    """Somebody at a desk of their own. Anything that a page's script throws, or its policy refuses, is kept."""

    page: Page
    url: str
    faults: list[str]

    @classmethod
    def at(cls, browser: Browser, url: str, name: str) -> Person:
        person = cls.newcomer(browser, url)
        person.log_in(name)
        return person

    @classmethod
    def newcomer(cls, browser: Browser, url: str) -> Person:
        context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900}, locale="zh-CN")
        context.set_default_timeout(15_000)
        page, faults = context.new_page(), list[str]()
        person = cls(page, url, faults)
        person.watch(page)
        return person

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self.faults.append(message.text) if _is_policy(message.text) else None)

    def log_in(self, name: str, password: str = PASSWORD) -> None:
        self.page.goto("/login")
        self.page.fill("input[name=name]", name)
        self.page.fill("input[name=password]", password)
        self.page.click("button.main")
        self.page.wait_for_url(lambda url: "/login" not in url)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def open(self, case: str) -> None:
        self.page.goto(f"/review/{case}")
        expect(self.page.locator("#items .item.selected")).to_be_visible()

    def left(self) -> int:
        return int(self.page.locator("#panel").get_attribute("data-left") or "-1")

    def sees_left(self, count: int) -> None:
        expect(self.page.locator("#panel")).to_have_attribute("data-left", str(count))

    def notice(self, text: str) -> None:
        expect(self.page.locator("#notice")).to_contain_text(text)


def _is_policy(text: str) -> bool:
    return "Content Security Policy" in text
