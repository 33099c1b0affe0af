"""Contacts, the ways to recognise them, and the dates of their own."""

import uuid
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, ExtractDay, ExtractMonth, Lower
from django.utils.translation import gettext_lazy as _

from contacts.models.senders import Channel


def normalise_email(address):
    """The form in which an e-mail address is kept and compared: trimmed, in small letters."""
    return (address or "").strip().lower()


class ContactQuerySet(models.QuerySet):
    def for_user(self, user):
        """The contacts this user may see: one install is one workspace, so all that still exist."""
        return self.present()

    def present(self):
        """Neither merged away nor erased."""
        return self.filter(merged_into=None, erased_at=None)

    def search(self, words):
        """Contacts whose name or address holds every one of `words`, in any order."""
        found = self
        for word in words.replace("\0", "").lower().split():
            found = found.filter(search_text__contains=word)
        return found

    def newest_first(self):
        return self.order_by("-id")


class Contact(models.Model):
    """A person we know."""

    class Level(models.TextChoices):
        GUEST = "guest", _("Guest")
        FULL = "full", _("Full member")

    class Preferred(models.TextChoices):
        """The media a person may rather hear from us by; e-mail when they have not said."""

        EMAIL = Channel.EMAIL.value, Channel.EMAIL.label
        PHONE = Channel.PHONE.value, Channel.PHONE.label

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # The primary e-mail identity's value, kept here by `contacts.services` so that lists and the gate
    # read one row.
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    level = models.CharField(_("level"), max_length=5, choices=Level, default=Level.GUEST)
    language = models.CharField(_("language"), max_length=10, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=50, blank=True)
    # What they chose themselves: by which medium they would rather hear from us, and how often at most.
    preferred_channel = models.CharField(
        _("preferred medium"), max_length=10, choices=Preferred, blank=True, default="", db_default=""
    )
    at_most = models.PositiveSmallIntegerField(_("messages in 7 days at most"), null=True, blank=True)
    # Where they came from, at first and last: {"at", "utm_source", "utm_medium", "utm_campaign", "referrer",
    # "page"}; empty when unknown.
    first_source = models.JSONField(_("first source"), default=dict, blank=True)
    last_source = models.JSONField(_("last source"), default=dict, blank=True)
    origin = models.CharField(_("entered by"), max_length=100, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("looked after by")
    )
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("known since"))
    updated_at = models.DateTimeField(auto_now=True)
    search_text = models.GeneratedField(
        expression=Lower(Concat(F("first_name"), Value(" "), F("last_name"), Value(" "), F("email"))),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(email="", first_name="", last_name=""),
                name="erased_has_no_name",
            ),
        ]
        indexes = [
            # Search as one types: part of a name or an address.
            GinIndex(OpClass(F("search_text"), name="gin_trgm_ops"), name="contact_search"),
        ]

    def __str__(self):
        return self.name or self.email or str(_("No name"))

    @property
    def name(self):
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def initials(self):
        letters = self.first_name[:1] + self.last_name[:1]
        return (letters or self.email[:1] or "?").upper()

    @property
    def is_present(self):
        return self.merged_into_id is None and self.erased_at is None

    @property
    def survivor(self):
        """Who this person is by now: whoever they were merged into, or themselves."""
        found = self
        while found.merged_into_id:
            found = found.merged_into
        return found

    def zone(self, sender):
        """Their time zone; the sender's when it is unknown."""
        return ZoneInfo(self.time_zone) if self.time_zone else sender.zone

    def get_absolute_url(self):
        from django.urls import reverse

        return reverse("contacts:contact-detail", args=[self.pk])


class Identity(models.Model):
    """One way to recognise a contact: an address, a number, an id in another system."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")
        PHONE = "phone", _("Phone")
        SHOP_ID = "shop_id", _("Customer number")
        CARD = "card", _("Card")
        VISITOR = "visitor", _("Browser")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=10, choices=Kind)
    # Which system gave a customer number or card; empty for what is unique in the world.
    source = models.CharField(max_length=50, blank=True, default="")
    value = models.CharField(max_length=254)
    is_primary = models.BooleanField(default=False)
    verified_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [
            models.UniqueConstraint(fields=["kind", "source", "value"], name="identity_is_one_persons"),
            models.UniqueConstraint(
                fields=["contact"],
                condition=Q(kind="email", is_primary=True),
                name="one_primary_email",
            ),
            models.UniqueConstraint(
                fields=["contact"],
                condition=Q(kind="phone", is_primary=True),
                name="one_primary_phone",
            ),
            models.CheckConstraint(
                condition=~Q(kind="email") | Q(value=Lower("value")), name="email_in_small_letters"
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.value}"


class ContactDate(models.Model):
    """A date of a person's own, that comes back every year or comes once."""

    class Kind(models.TextChoices):
        BIRTHDAY = "birthday", _("Birthday")
        ANNIVERSARY = "anniversary", _("Anniversary")
        RENEWAL = "renewal", _("Renewal")

    YEARLY = {Kind.BIRTHDAY, Kind.ANNIVERSARY}

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="dates")
    kind = models.CharField(max_length=20, choices=Kind)
    date = models.DateField()
    # As 229 for the 29th of February, whatever the year.
    day_of_year = models.GeneratedField(
        expression=ExtractMonth("date") * 100 + ExtractDay("date"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("date of a contact")
        verbose_name_plural = _("dates of contacts")
        constraints = [models.UniqueConstraint(fields=["contact", "kind"], name="contact_date_once")]
        indexes = [
            # Triggers look for whose date is on one of a few days.
            models.Index(fields=["kind", "day_of_year"], name="contact_date_day"),
            models.Index(fields=["kind", "date"], name="contact_date_once_only"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.date}"
