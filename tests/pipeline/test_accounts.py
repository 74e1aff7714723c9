"""Staff prove who they are: passwords, codes that count once, sessions that end."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from pipeline import accounts
from pipeline.clock import now
from pipeline.store.desk_tables import Credential, WebSession
from pipeline.store.store import Store
from pipeline.store.tables import Event
from pipeline.users import Role, add_user
from yinjian.errors import InputError, Refused
from yinjian.settings import Settings

GOOD = "vier pferde im regen"


@pytest.fixture
def known(store: Store) -> Store:
    with store.writing() as session:
        add_user(session, "rev", (Role.REVIEWER,))
        session.flush()
        given = accounts.new_password(store, session, "rev", "adm")
        accounts.change_password(store, session, "rev", given, GOOD)
    return store


def check(store: Store, name: str, password: str, code: str = "") -> None:
    with store.writing() as session:
        accounts.check(store, session, name, password, code)


def test_a_password_is_kept_as_argon2id_with_a_salt_of_its_own(known: Store) -> None:
    with known.writing() as session:
        add_user(session, "rev2", (Role.REVIEWER,))
        session.flush()
        given = accounts.new_password(known, session, "rev2", "adm")
        accounts.change_password(known, session, "rev2", given, GOOD)
    with known.reading() as session:
        kept = session.scalars(select(Credential.password)).all()
    assert all(text.startswith("$argon2id$") and GOOD not in text for text in kept)
    assert len(set(kept)) == 2


@pytest.mark.parametrize("name, password", [("rev", "wrong"), ("rev", ""), ("nobody", GOOD), ("", "")])
def test_what_does_not_fit_is_refused_in_the_same_words(known: Store, name: str, password: str) -> None:
    check(known, "rev", GOOD)
    with pytest.raises(Refused, match="Name, password or code is wrong"):
        check(known, name, password)


def test_a_new_password_ends_all_other_sessions(known: Store, settings: Settings) -> None:
    with known.writing() as session:
        own, other = (accounts.begin(known, session, "rev", "test") for _ in range(2))
    with known.writing() as session:
        accounts.change_password(known, session, "rev", GOOD, "ganz andere worte hier", own)
    with known.reading() as session:
        assert accounts.login_of(known, session, own, settings) is not None
        assert accounts.login_of(known, session, other, settings) is None


@pytest.mark.parametrize("new", ["short", "rev", GOOD, "aaaaaaaaaaaaaaaa", "x" * 200])
def test_a_password_that_is_too_easy_is_refused(known: Store, new: str) -> None:
    with known.writing() as session, pytest.raises(InputError):
        accounts.change_password(known, session, "rev", GOOD, new)


def test_a_given_password_is_for_once_and_ends_sessions_and_factor(known: Store, settings: Settings) -> None:
    with known.writing() as session:
        token = accounts.begin(known, session, "rev", "test")
        secret = accounts.new_factor()
        accounts.confirm_factor(known, session, "rev", secret, pyotp.TOTP(secret).now())
    with known.writing() as session:
        given = accounts.new_password(known, session, "rev", "adm")
    check(known, "rev", given)
    with known.writing() as session:
        assert accounts.login_of(known, session, token, settings) is None
        token = accounts.begin(known, session, "rev", "test")
        session.flush()
        login = accounts.login_of(known, session, token, settings)
        assert login is not None
        assert login.once


def test_a_code_counts_once(known: Store) -> None:
    secret = accounts.new_factor()
    totp = pyotp.TOTP(secret)
    with known.writing() as session:
        accounts.confirm_factor(known, session, "rev", secret, totp.at(int(time.time()) - 30))
    for wrong in ("", "000000", "x", "１２３４５６", totp.at(int(time.time()) - 300)):
        with pytest.raises(Refused):
            check(known, "rev", GOOD, wrong)
    code = totp.at(int(time.time()) + 30)
    check(known, "rev", GOOD, code)
    with pytest.raises(Refused):
        check(known, "rev", GOOD, code)
    with known.reading() as session:
        assert secret.encode() not in (session.get_one(Credential, "rev").totp_sealed or b"")


@pytest.mark.parametrize("column, minutes", [("seen_at", 31), ("begun_at", 12 * 60 + 1)])
def test_a_session_ends_when_idle_and_in_any_case(known: Store, settings: Settings, column: str, minutes: int) -> None:
    with known.writing() as session:
        token = accounts.begin(known, session, "rev", "test")
    with known.reading() as session:
        login = accounts.login_of(known, session, token, settings)
        assert login is not None
        assert login.roles == {Role.REVIEWER}
        assert token not in str(session.execute(select(WebSession.token)).all())
    with known.writing() as session:
        session.execute(update(WebSession).values({column: now() - timedelta(minutes=minutes)}))
    with known.reading() as session:
        assert accounts.login_of(known, session, token, settings) is None
        longer = replace(settings, session_minutes=10_000, session_hours=1000)
        assert accounts.login_of(known, session, token, longer) is not None


def test_logging_out_ends_it(known: Store, settings: Settings) -> None:
    with known.writing() as session:
        token = accounts.begin(known, session, "rev", "test")
    with known.writing() as session:
        accounts.end(known, session, token)
    with known.reading() as session:
        assert accounts.login_of(known, session, token, settings) is None
        assert {"logged_in", "logged_out", "password_given", "password_changed"} <= set(
            session.scalars(select(Event.action))
        )


def test_the_first_administrator_is_made_once(store: Store) -> None:
    with store.writing() as session:
        first = accounts.first(store, session)
    assert first is not None
    check(store, *first)
    with store.writing() as session:
        assert accounts.first(store, session) is None
        (member,) = accounts.members(session)
    assert (member.name, member.roles, member.password, member.factor) == ("admin", ("administrator",), True, False)
