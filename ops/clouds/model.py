"""The base of what an API returns: typed, frozen, and tolerant of fields that this project does not use."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ops.http import ApiError


class Record(BaseModel):
    """An object of an API. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


Kind = TypeVar("Kind", bound=Record)


def read(kind: type[Kind], content: Any, place: str) -> Kind:
    """Return the content as an object of this kind.

    Args:
        kind: The type of the object.
        content: The JSON of the answer.
        place: The API and the request, for the error.

    Raises:
        ApiError: If the content has another form. The error names the field and never its value.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "the answer"
        raise ApiError(f"{place}: {field}: {first['msg']}; the answer has another format than expected") from None
