"""The JSON Schema of `experiment.yaml`, for editors and for Snakemake.

`python -m reprollm.experiment.schema > workflow/schemas/experiment.schema.json` writes it anew; a
test says when that is due.
"""

from __future__ import annotations

import json
import sys

from reprollm.experiment.config import ExperimentConfig


def schema_text() -> str:
    """Return the JSON Schema (draft 2020-12) as indented text with a line end."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ExperimentConfig.model_json_schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
