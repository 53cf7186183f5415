"""The smallest model of pydantic: importing this takes what any use of pydantic takes."""

from pydantic import BaseModel


class MinimalModel(BaseModel):
    """One field."""

    field: int = 0
