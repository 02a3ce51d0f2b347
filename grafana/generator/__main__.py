"""Write the dashboards' JSON: `python -m grafana.generator [FOLDER]`."""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.generator.ab_comparison import ab_comparison
from grafana.generator.features import features
from grafana.generator.jobs import jobs
from grafana.generator.model_monitoring import model_monitoring
from grafana.generator.models import models
from grafana.generator.release import release
from grafana.generator.training import training

DASHBOARDS = Path(__file__).parents[1] / "dashboards"


def generate(folder: Path) -> None:
    """Write one file per dashboard, named by its uid."""
    for build in (model_monitoring, ab_comparison, features, jobs, models, release, training):
        dashboard = build().build()
        text = json.dumps(dashboard, cls=JSONEncoder, indent=2, ensure_ascii=False, sort_keys=True)
        (folder / f"{dashboard.uid}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else DASHBOARDS)
