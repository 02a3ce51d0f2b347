"""The prediction service: from a request's inputs to its predictions, or to the problem to answer with."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fastapi import Request

from inference.backend import CostsTooMuch, ModelInfo, ModelInput, NonFiniteOutput, OutOfTime
from inference.decoding import NotAnImage, TooManyPixels
from inference.manifest import BadModelPackage
from model_server.batching.inference_mode import InferenceMode
from model_server.batching.predictor import Prediction, Predictor
from model_server.batching.request_queue import DeadlineExceeded, QueueFull
from model_server.samples.recorder import Recorder
from model_server.worker_pool.pool import PoolLost
from service.hand_over import (
    RETRY,
    answer_seconds,
    costly_images_wait,
    refusal_headers,
    takes_longer,
    waited_too_long,
)
from service.problems import CLIENT_CLOSED_REQUEST, Problem
from service.request_id import current_request_id
from service.traffic import KEY


class PredictionService:
    """Predicts for the routes: waits as long as the client does, and records what was predicted."""

    def __init__(self, predictor: Predictor, recorder: Recorder) -> None:
        self._predictor = predictor
        self._recorder = recorder

    @property
    def model(self) -> ModelInfo:
        """Return what is known of the model of this moment."""
        return self._predictor.backend.info

    async def predict(self, request: Request, inputs: Sequence[ModelInput]) -> list[Prediction]:
        """Predict all of the inputs, in order.

        Raises:
            Problem: one of them cannot be predicted, the queue is full, or the client has left.
        """
        futures: list[asyncio.Future[Prediction]] = []
        try:
            with errors_as_problems():
                futures = self._predictor.submit(inputs)
            async with asyncio.timeout(answer_seconds(request)):
                predictions = await self._wait(request, futures)
        except TimeoutError as error:
            if self._predictor.is_large(inputs):
                raise takes_longer(request.headers) from error
            raise self._too_late(request, futures) from error
        except DeadlineExceeded as error:
            raise self._too_late(request, futures) from error
        except Problem as problem:
            if problem.status == 503:
                problem.headers |= refusal_headers(request.headers)
            raise
        finally:
            for future in futures:
                future.cancel()  # those behind one that failed
        row = 0
        for prediction in predictions:
            self._recorder.record(prediction, current_request_id.get(), request.scope[KEY], row)
            row += len(prediction.labels)
        return predictions

    def _too_late(self, request: Request, futures: Sequence[asyncio.Future[Prediction]]) -> Problem:
        costs_much = any(self._predictor.is_predicted_alone(future) for future in futures)
        return costly_images_wait() if costs_much else waited_too_long(request.headers)

    async def _wait(
        self, request: Request, futures: Sequence[asyncio.Future[Prediction]]
    ) -> list[Prediction]:
        if self._predictor.mode is InferenceMode.EVENT_LOOP:  # watching would take longer than predicting
            return await self._all(futures)
        watch = asyncio.ensure_future(client_left(request))
        watch.add_done_callback(lambda _: [future.cancel() for future in futures])
        try:
            return await self._all(futures)
        except asyncio.CancelledError:
            if watch.cancelled() or not watch.done():
                raise  # it is this request that was cancelled, not its futures
            raise Problem(
                CLIENT_CLOSED_REQUEST, "Client Closed Request", "The client left before its answer."
            ) from None
        finally:
            watch.cancel()

    async def _all(self, futures: Sequence[asyncio.Future[Prediction]]) -> list[Prediction]:
        predictions = []
        for number, future in enumerate(futures, start=1):
            with errors_as_problems("The file" if len(futures) == 1 else f"File {number} of {len(futures)}"):
                predictions.append(await future)
        return predictions


async def client_left(request: Request) -> None:
    """Wait until the client is gone; the request's body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


@contextmanager
def errors_as_problems(what: str = "The file") -> Iterator[None]:
    """Turn what prediction raises into a problem that says what to do."""
    try:
        yield
    except NotAnImage as error:
        raise Problem(415, "Unsupported Media Type", f"{what} is no image: {error}.") from error
    except TooManyPixels as error:
        raise Problem(413, "Content Too Large", f"{what} is too large an image: {error}.") from error
    except NonFiniteOutput as error:
        raise Problem(422, "No finite answer", f"{error}.") from error
    except BadModelPackage as error:  # replaced by one of another kind while the request was on its way
        detail = f"The model was replaced just now: {error}. Try again."
        raise Problem(503, "Service Unavailable", detail, RETRY) from error
    except CostsTooMuch as error:
        raise Problem(
            422, "Too costly an image", f"{what} costs too much: {error}. Save it anew, or smaller."
        ) from error
    except OutOfTime as error:
        raise costly_images_wait() from error
    except PoolLost as error:
        detail = "The worker processes have ended. The server restarts: try again."
        raise Problem(503, "Service Unavailable", detail, RETRY) from error
    except QueueFull as error:
        detail = "Too many predictions are waiting. Try again in a second."
        raise Problem(503, "Service Unavailable", detail, RETRY) from error
