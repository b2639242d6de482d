"""What all wire models share. No model of a resource."""

import re
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict
from pydantic.json_schema import DEFAULT_REF_TEMPLATE, GenerateJsonSchema, JsonSchemaMode


class Model(BaseModel):
    """A wire model. A field that it does not know is refused, so that a misspelt parameter is not silently ignored."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def model_json_schema(
        cls,
        by_alias: bool | None = True,
        ref_template: str = DEFAULT_REF_TEMPLATE,
        schema_generator: type[GenerateJsonSchema] = GenerateJsonSchema,
        mode: JsonSchemaMode = "validation",
        *,
        union_format: Literal["any_of", "primitive_type_array"] = "any_of",
    ) -> dict[str, Any]:
        """The model's JSON Schema, made once: flask-openapi asks for it with every request. Not to be changed by its callers."""
        made_as = (cls, by_alias, ref_template, schema_generator.__name__, mode, union_format)
        if made_as not in _SCHEMAS:
            _SCHEMAS[made_as] = super().model_json_schema(by_alias, ref_template, schema_generator, mode, union_format=union_format)
        return _SCHEMAS[made_as]


_SCHEMAS: dict[tuple[object, ...], dict[str, Any]] = {}


def _written(form: str, example: str) -> BeforeValidator:
    """Lets through text of this form. pydantic alone takes numbers for seconds since 1970: `start=0` would be a day."""

    def check(value: object) -> object:
        if isinstance(value, str) and not re.match(form, value, re.ASCII):
            raise ValueError(f"it is written {example}")
        return value

    return BeforeValidator(check)


# A day, and a moment, that a client names.
Day = Annotated[date, _written(r"\d{4}-\d\d-\d\d\Z", "YYYY-MM-DD")]
Moment = Annotated[AwareDatetime, _written(r"\d{4}-\d\d-\d\d[Tt ]\d\d:", "YYYY-MM-DDThh:mm:ssZ")]


def _no_text_and_no_truth(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("it is a whole number")  # noqa: TRY004  pydantic takes this one for a refusal
    return value


# A whole number in JSON, where 2.0 is one and neither false nor "2" is.
WHOLE = BeforeValidator(_no_text_and_no_truth)
