"""Part: what every table of the settings is."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A table that knows its keys, and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
