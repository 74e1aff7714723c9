"""The upright pages of an application in the store: its scans opened and read again, for pictures of what was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission, stored_files
from yinjian.settings import Settings

if TYPE_CHECKING:
    from pipeline.store.tables import Application

Pages = tuple[NDArray[np.uint8], ...]


def pages_again(store: Store, session: Session, settings: Settings, application: Application) -> Pages:
    """BGR, in the order of `Reading.pages`. Takes as long as reading did."""
    from extractors.opening import decode_all
    from pipeline.reading import limit_threads, new_reader
    from pipeline.steps import opened

    files = stored_files(session, newest_submission(session, application.id).id)
    limit_threads(settings.threads)
    scans = decode_all(opened(store, files), settings)
    return new_reader(settings).read_with_pages(application.id, scans)[1]
