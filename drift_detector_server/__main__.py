"""Start the drift detector: read the environment, load, serve."""

import os
import sys

# Before numpy and torch are imported: matrices of a thousand rows gain little from a second thread, and
# the model servers want that core.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from drift_detector_server.app import create_app  # noqa: E402 - see above
from drift_detector_server.loading import StartError, load  # noqa: E402 - see above
from drift_detector_server.settings import LiveSettings, WrongSettings, read_settings  # noqa: E402 - see above
from mongodb.settings import WrongAddress, open_store  # noqa: E402 - see above
from service.logs import configure_logging  # noqa: E402 - see above
from service.run import serve  # noqa: E402 - see above


def main() -> None:
    """Serve until told to stop; exit 2 with one line when the program cannot start."""
    try:
        settings = read_settings()
        configure_logging(settings)
        packages = load(settings)
        store = open_store(settings)
    except (WrongSettings, StartError, WrongAddress) as error:
        sys.exit(_refuse(str(error)))
    serve(create_app(settings, packages, store, LiveSettings(settings).current), settings)


def _refuse(reason: str) -> int:
    print(reason, file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
