"""What a snapshot's files say of its quantization, and whether its tensors bear that out.

*Declared* is what a configuration file claims (`declaration`, with one module per family of
methods); *stored* is what names, dtypes and shapes of the tensors show (`layouts`, `stored`); the
two are held against each other (`checks`). What an engine *applies* when it loads a model is no
fact of the snapshot and stands in the engine's own description.
"""

from reprollm.snapshot.quantization.checks import Check, examine, examine_dtype
from reprollm.snapshot.quantization.declaration import read_declarations, read_quantization
from reprollm.snapshot.quantization.scheme import Quantization, WeightGroup
from reprollm.snapshot.quantization.stored import Stored, read_stored

__all__ = [
    "Check",
    "Quantization",
    "Stored",
    "WeightGroup",
    "examine",
    "examine_dtype",
    "read_declarations",
    "read_quantization",
    "read_stored",
]
