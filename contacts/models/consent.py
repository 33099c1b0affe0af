"""What people agreed to, word for word, and the addresses that must not be used."""

import hashlib

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from contacts.models.people import Contact
from contacts.models.senders import Channel


class Topic(models.Model):
    """Something people can ask to hear about."""

    key = models.SlugField(unique=True)
    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("how often, about what"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    cap = models.PositiveSmallIntegerField(
        _("messages at most"), null=True, blank=True, help_text=_("About this topic, to one person.")
    )
    cap_days = models.PositiveSmallIntegerField(_("in days"), default=7)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["position", "id"]

    def __str__(self):
        return self.name


@pghistory.track()
class ConsentWording(models.Model):
    """The exact words people agreed to; a change makes a new version, an old one stays as it was."""

    key = models.SlugField()
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=10, default="en")
    text = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("consent wording")
        verbose_name_plural = _("consent wordings")
        constraints = [
            models.UniqueConstraint(fields=["key", "version", "language"], name="wording_version_once")
        ]

    def __str__(self):
        return f"{self.key} {self.version} ({self.language})"

    @property
    def digest(self):
        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def latest(cls, key, language="en"):
        """The newest version of the words called `key`, or None."""
        return cls.objects.filter(key=key, language=language).order_by("-version").first()


class ConsentQuerySet(models.QuerySet):
    def current(self):
        """The newest entry per contact, channel and topic: what holds now."""
        return self.order_by("contact_id", "channel", "topic_id", "-at", "-id").distinct(
            "contact_id", "channel", "topic_id"
        )


class Consent(models.Model):
    """One entry of the log of what a contact agreed to or took back. Never changed, never deleted.

    Only the proof of someone who is erased goes with them.
    """

    class Action(models.TextChoices):
        GIVEN = "given", _("Given")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Basis(models.TextChoices):
        CONSENT = "consent", _("They said yes")
        CUSTOMER = "customer", _("Customer of similar goods")
        IMPORTED = "imported", _("Brought along, with proof elsewhere")

    contact = models.ForeignKey(Contact, models.PROTECT, related_name="consents")
    channel = models.CharField(max_length=10, choices=Channel)
    topic = models.ForeignKey(Topic, models.PROTECT, related_name="consents")
    action = models.CharField(max_length=10, choices=Action)
    basis = models.CharField(max_length=10, choices=Basis, default=Basis.CONSENT)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    # The door it came by: "form:sign-up", "preferences", "one-click", "import:shop.csv", "user:7".
    source = models.CharField(max_length=100)
    wording = models.ForeignKey(ConsentWording, models.PROTECT, null=True, blank=True)
    # What proves it: ip, user agent, delivery, file and line.
    evidence = models.JSONField(default=dict, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [
            # The gate and the contact page read the newest entry per channel and topic.
            models.Index(
                F("contact"), F("channel"), F("topic"), F("at").desc(), F("id").desc(), name="consent_newest"
            ),
        ]

    def __str__(self):
        return f"{self.get_action_display()}: {self.topic} ({self.get_channel_display()})"


class SuppressionQuerySet(models.QuerySet):
    def active(self):
        return self.filter(lifted_at=None)


class Suppression(models.Model):
    """An address that must not be used; it belongs to the address, whoever has it."""

    class Scope(models.TextChoices):
        ALL = "all", _("Everything")
        MARKETING = "marketing", _("All but service messages")

    class Reason(models.TextChoices):
        BOUNCED = "bounced", _("Bounced for good")
        COMPLAINED = "complained", _("Complained")
        ASKED = "asked", _("Asked never to hear again")
        ERASED = "erased", _("Asked to be forgotten")
        NOT_THEIRS = "not_theirs", _("Not theirs")

    channel = models.CharField(max_length=10, choices=Channel, default=Channel.EMAIL)
    address = models.CharField(_("address"), max_length=254)
    scope = models.CharField(_("keeps back"), max_length=10, choices=Scope, default=Scope.ALL)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    detail = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    source = models.CharField(max_length=100)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "address", "scope"],
                condition=Q(lifted_at=None),
                name="address_suppressed_once",
            ),
        ]

    def __str__(self):
        return f"{self.address}: {self.get_reason_display()}"
