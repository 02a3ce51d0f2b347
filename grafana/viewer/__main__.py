"""Serve the viewer: `python -m grafana.viewer`."""

import sys

import uvicorn
from pydantic import ValidationError

from grafana.viewer.app import create_app
from grafana.viewer.settings import ViewerSettings


def main() -> None:
    """Read the environment and serve until stopped."""
    try:
        settings = ViewerSettings()
    except ValidationError as error:
        for problem in error.errors():
            print(f"{str(problem['loc'][0]).upper()}: {problem['msg']}", file=sys.stderr)
        raise SystemExit(2) from None
    uvicorn.run(
        create_app(settings), host=settings.host, port=settings.port, log_level="warning", server_header=False
    )


if __name__ == "__main__":
    main()
