"""The lab's serving path, rebuilt: one async handler that does everything before it answers.

It decodes on the event loop, asks the network twice (for the class, then for the features) and inserts into
MongoDB, with the blocking driver and PyTorch's default threads, as in the lab.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, UploadFile
from pymongo import MongoClient

from benchmark.network import Network

app = FastAPI()
network = Network(Path(os.environ["MODEL_PACKAGE"]), "plain")
client: MongoClient[dict[str, Any]] = MongoClient(os.environ["MONGODB_URI"])
samples = client.get_default_database()["lab_samples"]


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the server answers."""
    return {"status": "ok"}


@app.post("/predict")
async def predict(file: UploadFile) -> dict[str, Any]:
    """Classify an upload, then extract its features, then log both, then answer."""
    prepared = network.prepare(await file.read())
    (answer,) = network.classify([prepared])
    (features,) = network.classify([prepared])
    samples.insert_one(
        {
            "created_at": datetime.now(UTC),
            "label": answer.label,
            "probability": answer.probability,
            "features": features.embedding.tolist(),
        }
    )
    return {"filename": file.filename, "likely_class": answer.label, "probability": answer.probability}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=False, log_level="warning")
