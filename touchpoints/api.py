"""Machine clients: `POST /api/v1/touchpoints`, documented at /api/v1/docs."""

from typing import Annotated, Literal

from django.db import transaction
from django.utils import timezone
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError
from ninja.security import APIKeyHeader, HttpBearer
from pydantic import ConfigDict, Field, SkipValidation

from contacts import limits
from touchpoints import wakeups
from touchpoints.keys import read_key
from touchpoints.models import ApiKey
from touchpoints.receiving import Item, receive, receives_into

A_MINUTE = 100

api = NinjaAPI(
    title="Rapport",
    version="1",
    description="Tell Rapport what happened. Calls carry a key, in `Authorization: Bearer` or `X-API-Key`.",
    urls_namespace="api",
)


class BearerKey(HttpBearer):
    """The key in `Authorization: Bearer …`."""

    def authenticate(self, request, token):
        return read_key(token, at=timezone.now())


class HeaderKey(APIKeyHeader):
    """The key in `X-API-Key: …`."""

    param_name = "X-API-Key"

    def authenticate(self, request, key):
        return read_key(key, at=timezone.now()) if key else None


class Batch(Schema):
    """What happened, in one system's words."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=50)] = Field(
        description="The system that tells. Within it every external_id names one thing, for ever."
    )
    # Checked one by one, so that a bad item is refused and holds up no other.
    items: Annotated[list[SkipValidation[Item]], Field(min_length=1, max_length=1000)]


class ItemAnswer(Schema):
    external_id: str
    result: Literal["accepted", "duplicate", "refused"]
    reason: str = ""


class BatchAnswer(Schema):
    accepted: int
    duplicate: int
    refused: int
    items: list[ItemAnswer]


@api.post("/touchpoints", auth=[BearerKey(), HeaderKey()], response=BatchAnswer, summary="Record touchpoints")
def record_touchpoints(request, batch: Batch):
    """Record up to 1,000 touchpoints. Telling the same again changes nothing; a changed order is taken over.

    A contact nobody knows is made when there is an e-mail; they have agreed to nothing, so nothing is sent.
    """
    at = timezone.now()
    _check_key(request.auth, at)
    if not receives_into(batch.source):
        raise HttpError(422, "This source is one of our own; choose another name.")
    answers, contacts = receive(batch.source, batch.items, origin=f"api:{request.auth.name}"[:100], at=at)
    with transaction.atomic():
        wakeups.hint(contacts)
    results = [answer.result for answer in answers]
    counts = {name: results.count(name) for name in ("accepted", "duplicate", "refused")}
    return {**counts, "items": [vars(answer) for answer in answers]}


def _check_key(key, at):
    """A key must have the scope, and knocks at most a hundred times a minute."""
    if ApiKey.Scope.TOUCHPOINTS_WRITE not in key.scopes:
        raise HttpError(403, "This key may not record touchpoints.")
    if not limits.within("api", key.pk, at=at, limit=A_MINUTE):
        raise HttpError(429, "More than 100 calls in a minute.")
