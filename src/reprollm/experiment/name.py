"""An experiment's name on its own, before there is an experiment."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from reprollm.errors import InvalidInput
from reprollm.experiment.fields import Name


def check_name(name: str) -> None:
    """Raise `InvalidInput` unless `name` can be an experiment's name."""
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError as error:
        [detail] = error.errors(include_url=False)
        raise InvalidInput(str(detail["ctx"]["error"])) from None
