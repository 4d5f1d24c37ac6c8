"""Writes transformers.yaml, the conda environment, from the pinned requirements beside it."""

from pathlib import Path

FOLDER = Path(__file__).parent


def pins(file: str) -> list[str]:
    """Return the `name==version` lines of a requirements file, without hashes."""
    lines = (FOLDER / file).read_text(encoding="utf-8").splitlines()
    return [
        line.removesuffix("\\").strip() for line in lines if "==" in line[:60] and line[0] != " "
    ]


def main() -> None:
    """Write the environment: Python from conda-forge, the rest as pip installs it."""
    packages = "\n".join(f'      - "{pin}"' for pin in pins("torch.txt") + pins("transformers.txt"))
    (FOLDER / "transformers.yaml").write_text(
        "# Written by envs/pin.sh; see envs/README.md.\n"
        "name: reprollm-transformers\n"
        "channels:\n  - conda-forge\n  - nodefaults\n"
        f"dependencies:\n  - python=3.11\n  - pip\n  - pip:\n{packages}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
