"""Change the model without a pause: load and warm the new one beside the old one, then swap."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from inference.backend import ServedModel
from inference.manifest import BadModelPackage, refusal
from model_server.metrics import ModelMetrics

logger = logging.getLogger(__name__)


class Reloader:
    """Loads with `load` and hands the model to `serve`; one reload at a time.

    Requests that are queued keep the model that they were queued for.
    """

    def __init__(
        self, load: Callable[[], ServedModel], serve: Callable[[ServedModel], None], metrics: ModelMetrics
    ) -> None:
        self._load = load
        self._serve = serve
        self._outcomes = metrics.reloads
        self._turn = asyncio.Lock()

    def _load_or_refuse(self) -> ServedModel:
        try:
            return self._load()
        except (Exception, SystemExit) as error:  # whatever the operator's code does, the server goes on
            raise refusal(error) from error

    async def on_signal(self) -> None:
        """Reload; the log tells what became of it."""
        with contextlib.suppress(BadModelPackage):
            await self.reload()

    async def reload(self, name: str | None = None) -> ServedModel:
        """Serve what the package's folder holds now, if its name is `name` or none is given.

        Raises:
            BadModelPackage: it cannot be served; the old model goes on.
        """
        async with self._turn:
            try:
                model = await asyncio.to_thread(self._load_or_refuse)
                if name not in {None, model.info.manifest.name}:
                    raise BadModelPackage(f"the package is of {model.info.manifest.name}, not of {name}")  # noqa: TRY301
            except BadModelPackage as error:
                self._outcomes["refused"].inc()
                logger.error("model refused, the old one goes on: %s", error)  # noqa: TRY400 - no fault of ours
                raise
            self._serve(model)
            self._outcomes["loaded"].inc()
            manifest = model.info.manifest
            logger.info("model loaded", extra={"model": manifest.name, "version": manifest.version})
            return model
