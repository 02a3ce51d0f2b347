"""Change the model without a pause: load and warm the new one beside the old one, then swap."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from inference.backend import Backend
from inference.manifest import BadModelPackage, refusal
from model_server.metrics import ModelMetrics

logger = logging.getLogger(__name__)


class Reloader:
    """Loads a backend with `load` and hands it to `use`; one reload at a time.

    Requests that are queued keep the model that they were queued for.
    """

    def __init__(
        self, load: Callable[[], Backend], use: Callable[[Backend], None], metrics: ModelMetrics
    ) -> None:
        self._load = load
        self._use = use
        self._outcomes = metrics.reloads
        self._turn = asyncio.Lock()

    def _load_or_refuse(self) -> Backend:
        try:
            return self._load()
        except (Exception, SystemExit) as error:  # whatever the operator's code does, the server lives on
            raise refusal(error) from error

    async def on_signal(self) -> None:
        """Reload; the log tells what became of it."""
        with contextlib.suppress(BadModelPackage):
            await self.reload()

    async def reload(self, name: str | None = None) -> Backend:
        """Serve what the package's folder holds now, if its name is `name` or none is given.

        Raises:
            BadModelPackage: it cannot be served; the old model keeps serving.
        """
        async with self._turn:
            try:
                backend = await asyncio.to_thread(self._load_or_refuse)
                if name not in {None, backend.info.manifest.name}:
                    raise BadModelPackage(f"the package is of {backend.info.manifest.name}, not of {name}")  # noqa: TRY301
            except BadModelPackage as error:
                self._outcomes["refused"].inc()
                logger.error("model refused, the old one keeps serving: %s", error)  # noqa: TRY400 - no fault of ours
                raise
            self._use(backend)
            self._outcomes["loaded"].inc()
            manifest = backend.info.manifest
            logger.info("model loaded", extra={"model": manifest.name, "version": manifest.version})
            return backend
