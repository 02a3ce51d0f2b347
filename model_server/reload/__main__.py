"""Have the running server reload its model package: `python -m model_server.reload`, beside the server."""

import argparse
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from inference.manifest import BadModelPackage, read_manifest
from model_server.settings import ModelServerSettings
from service.settings import load_settings
from service.token import NoToken

TIMEOUT_SECONDS = 120
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - where one that listens everywhere is reached


def main(arguments: Sequence[str] | None = None) -> None:
    """Reload, and print what is served now; exit 1 with the reason when the old model keeps serving."""
    argparse.ArgumentParser(prog="python -m model_server.reload", description=__doc__).parse_args(arguments)
    settings = load_settings(ModelServerSettings)
    host = LOOPBACK.get(settings.internal_host, settings.internal_host)
    address = f"http://{host}:{settings.internal_port}"
    try:
        name = read_manifest(settings.model_package).name
        answer = post(f"{address}/v2/repository/models/{name}/load", settings.shared_token.header)
    except BadModelPackage as error:
        sys.exit(f"refused, the old model keeps serving: {error}")
    except urllib.error.HTTPError as error:
        sys.exit(f"refused, the old model keeps serving: {json.load(error)['error']}")
    except NoToken as error:
        sys.exit(f"not asked, the old model keeps serving: {error}")
    except OSError as error:
        sys.exit(f"no model server answers at {address}: {error}")
    print(f"loaded {answer['name']} {answer['version']} (sha256 {answer['sha256'][:12]}…)")


def post(url: str, headers: Mapping[str, str]) -> Any:
    """Send an empty POST and return the JSON answer."""
    headers = {**headers, "Content-Type": "application/json"}  # urllib's own would be a form's
    request = urllib.request.Request(url, data=b"", headers=headers, method="POST")  # noqa: S310 - http, from our settings
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
        return json.load(response)


if __name__ == "__main__":
    main()
