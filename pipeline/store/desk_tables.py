"""The tables of the desks: how staff get in, what waits for them, and the pages that they look at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from pipeline.store.tables import ID, NAME_OF_BLOB, WORD, Table


class Credential(Table):
    """How a user proves who it is. `password`: argon2id in PHC's string format, with its salt.

    `once`: it must be changed before anything else; `totp_sealed`: the secret of a second factor (RFC 6238), `step` the
    time step of the last code that was taken, so that none counts twice.
    """

    __tablename__ = "credentials"
    name: Mapped[str] = mapped_column(ForeignKey("users.name"), primary_key=True)
    password: Mapped[str]
    once: Mapped[bool]
    totp_sealed: Mapped[bytes | None]
    step: Mapped[int]
    changed_at: Mapped[datetime]


class WebSession(Table):
    """A log-in. `token`: the keyed hash of the cookie; `csrf`: what its forms must show."""

    __tablename__ = "web_sessions"
    token: Mapped[str] = mapped_column(NAME_OF_BLOB, primary_key=True)
    name: Mapped[str] = mapped_column(ForeignKey("users.name"), index=True)
    csrf: Mapped[str] = mapped_column(NAME_OF_BLOB)
    begun_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class WaitingRow(Table):
    """An application that waits for a person: a row while it does, so that a long queue is found by its indexes.

    `rank`: 0 set aside, 1 something blocks, 2 something warns or it is a sample; `holder`: who opened it last;
    `first`: who settled a blocking finding that now waits for a second person, `""` for nobody.
    """

    __tablename__ = "waiting"
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), primary_key=True)
    since: Mapped[datetime]
    rank: Mapped[int]
    platform: Mapped[str] = mapped_column(WORD)
    certificate: Mapped[str] = mapped_column(WORD)
    business: Mapped[str] = mapped_column(WORD)
    verdict_id: Mapped[str | None] = mapped_column(ID, index=True)
    holder: Mapped[str] = mapped_column(WORD)
    first: Mapped[str] = mapped_column(WORD)
    __table_args__ = (
        Index("ix_waiting_since", "since", "application_id"),
        Index("ix_waiting_rank", "rank", "since", "application_id"),
    )


class PagePicture(Table):
    """An upright page as a picture: `view` for the first look, `full` for looking closer. Index as `Reading.pages`."""

    __tablename__ = "page_pictures"
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    view: Mapped[str] = mapped_column(NAME_OF_BLOB)
    full: Mapped[str] = mapped_column(NAME_OF_BLOB)


class Parcel(Table):
    """A token that was sent to its holder by post."""

    __tablename__ = "parcels"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), index=True)
    carrier_sealed: Mapped[bytes]
    tracking_sealed: Mapped[bytes]
    tracking_index: Mapped[str] = mapped_column(NAME_OF_BLOB, index=True)
    sent_by: Mapped[str] = mapped_column(WORD)
    sent_at: Mapped[datetime]
