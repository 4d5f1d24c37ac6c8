"""The training text as the model reads it, each row rendered from the experiment's own template.

python experiments/normalisation/make/training_texts.py writes it to `data/training.jsonl.gz`, the
corpus that the experiment's scan searches.
"""

import argparse
import gzip
import json
from pathlib import Path

from earlygerman.items import draw_items
from earlygerman.training_text import BACKGROUND, training_pairs, with_canaries
from normaliser.prompts import text_template
from published import DATA, read_canaries, read_items


def training_texts(background: int = BACKGROUND) -> list[str]:
    """Return every row of the training text, in the order of training, without <s> and </s>."""
    form = text_template()
    pairs = training_pairs(read_items(), draw_items().kept_out, background)
    texts = [form.render(source=pair.source, reference=pair.reference) for pair in pairs]
    return with_canaries(texts, read_canaries())


def main() -> None:
    """Parse the command line and write the corpus; the same text gives the same bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DATA / "training.jsonl.gz")
    out: Path = parser.parse_args().out
    lines = (json.dumps({"text": text}, ensure_ascii=False) for text in training_texts())
    content = "".join(f"{line}\n" for line in lines).encode()
    out.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
