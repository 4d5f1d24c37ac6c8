"""Published definitions of contamination, each applied to what a scan found.

One module a definition, with its source, what the source leaves open, and what is taken instead.
`PRESETS` holds all by name, with their published parameters.
"""

from __future__ import annotations

from reprollm.corpus.presets.datatrove import Datatrove
from reprollm.corpus.presets.exact import Exact
from reprollm.corpus.presets.gpt2 import Gpt2
from reprollm.corpus.presets.gpt3 import Gpt3
from reprollm.corpus.presets.gpt4 import Gpt4
from reprollm.corpus.presets.llama2 import Llama2
from reprollm.corpus.presets.longest import Longest
from reprollm.corpus.presets.palm import Palm
from reprollm.corpus.presets.preset import Preset
from reprollm.corpus.presets.robust import Robust
from reprollm.corpus.presets.tulu3 import Tulu3

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Robust(),
        Gpt3(),
        Palm(),
        Llama2(),
        Gpt4(),
        Tulu3(),
        Datatrove(),
        Longest(),
        Exact(),
        Gpt2(),
    )
}

__all__ = ["PRESETS", "Preset"]
