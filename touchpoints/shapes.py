"""What the data of a touchpoint holds, for the kinds that other systems tell: known names have a known shape.

Others are kept as they come. Money is kept as text, as it is everywhere in touchpoints.
"""

from decimal import Decimal
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=300)]
LongText = Annotated[str, Field(max_length=5000)]


class Shape(BaseModel):
    """Anything may be told besides."""

    model_config = ConfigDict(extra="allow")


class Visited(Shape):
    """A page: its path is what rules ask for; without one it is that of the address."""

    url: Annotated[str, Field(max_length=2000)] = ""
    path: Annotated[str, Field(max_length=500)] = ""
    title: Text = ""
    sku: Annotated[str, Field(max_length=50)] = ""


class Basket(Shape):
    """What lies in the basket now; no items means that it was emptied."""

    items: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    amount: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)] = Decimal(0)
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    names: Annotated[list[Text], Field(max_length=100)] = []
    url: Annotated[str, Field(max_length=2000)] = ""


class Feedback(Shape):
    question: Text = ""
    answer: Text = ""
    text: LongText = ""


class Posted(Shape):
    title: Text = ""
    url: Annotated[str, Field(max_length=2000)] = ""
    text: LongText = ""


class Called(Shape):
    result: Text = ""
    minutes: Annotated[int, Field(ge=0, le=1440)] = 0
    text: LongText = ""


SHAPES = {
    "visited": Visited,
    "basket": Basket,
    "feedback": Feedback,
    "posted": Posted,
    "called": Called,
}


def shaped(kind, data):
    """The data as it is kept; raises pydantic's ValidationError where a known name holds something else."""
    if kind not in SHAPES:
        return data
    told = SHAPES[kind].model_validate(data).model_dump(mode="json", exclude_unset=True)
    if kind == "visited" and told.get("url") and not told.get("path"):
        told["path"] = _path_of(told["url"])
    return told


def _path_of(url):
    try:
        return urlsplit(url).path[:500]
    except ValueError:
        return ""
