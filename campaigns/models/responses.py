"""What came back: from people, and from the servers on the way."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.deliveries import Delivery
from touchpoints.models import Touchpoint


class ResponseQuerySet(models.QuerySet):
    def by_people(self):
        """What counts: machines follow links and fetch pictures too."""
        return self.filter(made_by=Response.MadeBy.PERSON)


class Response(models.Model):
    """What came back to one delivery."""

    class Kind(models.TextChoices):
        DELIVERED = "delivered", _("Arrived")
        OPENED = "opened", _("Opened")
        CLICKED = "clicked", _("Clicked")
        REPLIED = "replied", _("Replied")
        BOUNCED = "bounced", _("Bounced")
        COMPLAINED = "complained", _("Complained")
        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
        DISMISSED = "dismissed", _("Clicked away")

    class MadeBy(models.TextChoices):
        PERSON = "person", _("A person")
        SCANNER = "scanner", _("A scanner")
        PROXY = "proxy", _("A privacy proxy")

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="responses")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()
    # Only a person's answer counts for anything.
    made_by = models.CharField(max_length=7, choices=MadeBy, default=MadeBy.PERSON, db_default=MadeBy.PERSON)
    why = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text=_("How that was told.")
    )
    touchpoint = models.ForeignKey(
        Touchpoint, models.CASCADE, null=True, blank=True, related_name="responses"
    )
    data = models.JSONField(default=dict, blank=True)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        verbose_name = _("response")
        verbose_name_plural = _("responses")
        constraints = [
            models.UniqueConstraint(fields=["delivery", "kind", "touchpoint"], name="response_once"),
        ]
        indexes = [
            # What came back lately.
            models.Index(F("at").desc(), name="response_newest"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.delivery_id}"


class RawResponse(models.Model):
    """A link followed or a picture fetched, as it was asked for: kept at once, told and gone soon."""

    class Kind(models.TextChoices):
        CLICKED = "clicked", _("Clicked")
        OPENED = "opened", _("Opened")
        # The link that people cannot see.
        TRAP = "trap", _("Followed a hidden link")

    # Nothing looks for those of one delivery, and what is asked for exists: writing one down is all it costs.
    delivery = models.ForeignKey(
        Delivery, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=7, choices=Kind)
    at = models.DateTimeField()
    url = models.TextField(blank=True, default="")
    # What of the request speaks for a person or a machine.
    asked = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("raw response")
        verbose_name_plural = _("raw responses")

    def __str__(self):
        return f"{self.get_kind_display()}: {self.delivery_id}"


class RawNotice(models.Model):
    """What a provider posted or a mail server sent back, as it came: kept before anything is made of it."""

    source = models.CharField(max_length=50)
    # Of the body: the same thing told twice is kept once.
    digest = models.CharField(max_length=64)
    headers = models.JSONField(default=dict, blank=True)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("raw notice")
        verbose_name_plural = _("raw notices")
        constraints = [models.UniqueConstraint(fields=["source", "digest"], name="raw_notice_once")]
        indexes = [
            # What came and was not read yet.
            models.Index(fields=["id"], name="raw_notice_unread", condition=Q(read_at=None)),
            # What is still whole, the oldest first: it does not stay so.
            models.Index(fields=["received_at"], name="raw_notice_whole", condition=~Q(body=b"")),
        ]

    def __str__(self):
        return f"{self.source} {self.received_at:%Y-%m-%d %H:%M:%S}"


class Notice(models.Model):
    """One thing a provider or mail server said of one message or address. Never changed but to be matched."""

    class Kind(models.TextChoices):
        ACCEPTED = "accepted", _("Taken")
        DEFERRED = "deferred", _("Delayed")
        DELIVERED = "delivered", _("Arrived")
        SOFT = "soft", _("Came back, for now")
        HARD = "hard", _("Came back, for good")
        POLICY = "policy", _("Refused by policy")
        COMPLAINT = "complaint", _("Called spam")
        UNSUBSCRIBED = "unsubscribed", _("Stopped")
        OPENED = "opened", _("Opened")
        CLICKED = "clicked", _("Clicked")
        REPLIED = "replied", _("Replied")
        VACATION = "vacation", _("Is away")
        OTHER = "other", _("Something else")

    raw = models.ForeignKey(RawNotice, models.PROTECT, null=True, blank=True, related_name="notices")
    # Which door, and the id it is known by there: the same notice twice is one.
    source = models.CharField(max_length=50)
    external_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=Kind)
    # Empty until it is known which message is meant.
    delivery = models.ForeignKey(Delivery, models.PROTECT, null=True, blank=True, related_name="notices")
    delivery_key = models.UUIDField(null=True, blank=True)
    provider_ref = models.CharField(max_length=200, blank=True, default="")
    address = models.CharField(max_length=254, blank=True, default="")
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    status_code = models.CharField(max_length=20, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    # Whether it came by a way that cannot be forged; others are shown and change nothing.
    is_trusted = models.BooleanField(default=False)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="notice_once")]
        indexes = [
            # An address's history: what came back since it last took something.
            models.Index(fields=["address", "at"], name="notice_of_address"),
            # Those that wait for their delivery to be known.
            models.Index(fields=["received_at"], name="notice_unmatched", condition=Q(delivery=None)),
            models.Index(F("received_at").desc(), F("id").desc(), name="notice_newest"),
            # The breakers ask after each batch: what is bad since the campaign began?
            models.Index(
                fields=["received_at"],
                name="notice_bad",
                condition=Q(kind__in=["hard", "complaint"], is_trusted=True),
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.address or self.delivery_id}"
