"""The upright pages of an application in the store: its scans opened and read again, for pictures of what was seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission, stored_files
from yinjian.settings import Settings

Pages = tuple[NDArray[np.uint8], ...]


def as_it_is(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """For who wants the pixels of all pages at once."""
    return page


def pages_again(store: Store, settings: Settings, application_id: str) -> Pages:
    """BGR, in the order of `Reading.pages`. Takes as long as reading did; no transaction is held open meanwhile."""
    from pipeline.reading import limit_threads, new_reader
    from pipeline.steps import scans

    with store.reading() as session:
        files = stored_files(session, newest_submission(session, application_id).id)
    limit_threads(settings.threads)
    return new_reader(settings).read_with_pages(application_id, scans(store, files, settings), as_it_is)[1]
