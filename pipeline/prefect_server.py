"""Prefect's server in one process on loopback that ends with its parent: `python -m pipeline.prefect_server`."""

from __future__ import annotations

import os

from pipeline.death import die_with_parent
from yinjian.settings import Settings


def main() -> None:
    """Serve until asked to stop. Prefect's settings come from the environment (`pipeline.up.prefect_environment`)."""
    die_with_parent()
    import uvicorn

    port = Settings.from_environment(os.environ).prefect_port
    uvicorn.run("prefect.server.api.server:create_app", factory=True, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
