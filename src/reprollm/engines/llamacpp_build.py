"""Which llama.cpp answers: package, build and the instruction sets that it was compiled for."""

from __future__ import annotations

from reprollm.canon import Json


def build() -> dict[str, Json]:
    """Return the version of the package, what it says of its build, and of this processor.

    The wheels of xllamacpp name no commit; the package's version is the identity of the build.
    """
    import xllamacpp

    features = [part.strip() for part in xllamacpp.get_system_info().split("|")]
    return {
        "xllamacpp": xllamacpp.__version__,
        "build": {str(name).lower(): str(value) for name, value in xllamacpp.BUILD_INFO.items()},
        "instructions": [feature for feature in features if feature],
    }
