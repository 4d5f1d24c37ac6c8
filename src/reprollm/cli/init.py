"""`reprollm init`: the folder of a new experiment, commented, to be changed."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(epilog="Example: reprollm init letters --data ~/letters.csv --title 'Old letters'")
@click.argument("name")
@click.option("--title", help="One line for people; the name by default.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A CSV or TSV file with a header, to be copied; three sample rows without.",
)
@click.option("--encoding", help="Of the data file; UTF-8 or what its mark says without it.")
def command(name: str, title: str | None, data: Path | None, encoding: str | None) -> None:
    """Make experiments/NAME in this folder, with an experiment.yaml that explains itself.

    Columns of the data file are guessed by their names and stand in experiment.yaml for you to
    correct. Nothing that is there is overwritten.
    """
    from reprollm.cli.terminal import safe
    from reprollm.experiment.name import check_name
    from reprollm.scaffold.scaffold import sample, table_of, write

    check_name(name)
    table = table_of(data, encoding) if data else sample()
    folder = Path("experiments") / name
    for path in write(folder, name, title or name, table):
        click.echo(safe(str(path)))
    lock = folder / "models" / "model.lock.json"
    click.echo(
        f"""
columns: id from {safe(table.id)!r}, text from {safe(table.source)!r}, \
right answer from {safe(str(table.reference))!r}; correct them in experiment.yaml
next:
  reprollm model pin PATH/TO/MODEL -o {lock}
  reprollm plan {name}
  reprollm run {name}""",
        err=True,
    )
