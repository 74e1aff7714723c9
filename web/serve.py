"""The web in one process that ends with its parent: `python -m web.serve`, started by `yinjian up` and `serve`."""

from __future__ import annotations

import os

from pipeline.death import die_with_parent
from pipeline.store.store import open_store
from yinjian.settings import Settings


def main() -> None:
    """Serve until asked to stop. Requests are not logged: what people do is in the events."""
    die_with_parent()
    import uvicorn

    from web.app import create_app

    settings = Settings.from_environment(os.environ)
    app = create_app(open_store(settings), settings)
    uvicorn.run(
        app,
        host=settings.web_host,
        port=settings.web_port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,  # longer than browsers and proxies keep one: else we close it while they are asking
    )


if __name__ == "__main__":
    main()
