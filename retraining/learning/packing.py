"""Complete the candidate's package: what drift is measured against, and where it comes from."""

from inference.loaded_model import LoadedModel
from inference.manifest import read_manifest
from inference.package import load_model_package
from inference.reference import FEWEST, write_reference
from retraining.learning.examples import load
from retraining.learning.prediction import BATCH_SIZE, answer, load_model
from retraining.learning.work import PACKAGE, PACKED, Folder
from service import durable
from training_data.sides import GOLDEN, HELD_OUT, Side

REFERENCE_ROWS = 1000


def pack(folder: Folder) -> None:
    """Write the reference; then the package is loaded once, as a slot will.

    It is made of the newest held-out records, which look like what will come; where they are too few, of the
    golden set.
    """
    package = folder.path / PACKAGE
    side: Side = HELD_OUT if folder.version.size(HELD_OUT) >= FEWEST else GOLDEN
    examples = load(folder, side)
    model = load_model(package)
    embeddings = answer(model, examples).embeddings[-REFERENCE_ROWS:]
    candidate = read_manifest(package)
    write_reference(package, candidate, model.package.weights_sha256, embeddings)
    LoadedModel(load_model_package(package), warm_batch=BATCH_SIZE)
    durable.write(folder.path / PACKED, b"")
