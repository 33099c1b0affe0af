"""People: contacts, their identities, consent, suppression, and the senders who write to them."""

import hashlib
import uuid
from zoneinfo import ZoneInfo

import pghistory
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, ExtractDay, ExtractMonth, Lower
from django.utils.translation import gettext_lazy as _

from contacts.entries import JournalEntry, JournalMark  # noqa: F401


class Channel(models.TextChoices):
    """How a message leaves."""

    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone")
    LETTER = "letter", _("Letter")
    PANEL = "panel", _("Panel")


def normalise_email(address):
    """The form in which an e-mail address is kept and compared: trimmed, in small letters."""
    return (address or "").strip().lower()


class SettlesBy(models.TextChoices):
    """What is done about a message that may have left, and nobody knows."""

    KEY = "key", _("is sent again under the same key, which the provider takes once")
    EVIDENCE = "evidence", _("is asked for at the provider")
    PERSON = "person", _("waits for a person, unless it is a service message")


@pghistory.track(exclude=["checks", "checked_at"])
class Sender(models.Model):
    """The brand that speaks: its name, addresses, hours and limits."""

    name = models.CharField(_("brand"), max_length=100, unique=True)
    from_name = models.CharField(_("signed by"), max_length=100)
    address = models.EmailField(_("from address"))
    reply_to = models.EmailField(_("replies go to"), blank=True)
    postal_address = models.TextField(
        _("postal address"), help_text=_("Stands at the foot of every message.")
    )
    time_zone = models.CharField(_("time zone"), max_length=50, default="UTC")
    language = models.CharField(_("language"), max_length=10, default="en")
    colour = models.CharField(_("colour"), max_length=7, default="#892862")
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    cap = models.PositiveSmallIntegerField(
        _("messages at most"), null=True, blank=True, help_text=_("Marketing messages to one person.")
    )
    cap_days = models.PositiveSmallIntegerField(_("in days"), default=7)
    # How its mail leaves: "smtp", or a provider of campaigns/channels.
    provider = models.SlugField(_("leaves through"), max_length=20, default="smtp")
    settles_by = models.CharField(
        _("a message whose fate is unknown"), max_length=8, choices=SettlesBy, default=SettlesBy.PERSON
    )
    window = models.PositiveSmallIntegerField(
        _("window"),
        default=1,
        help_text=_("How many deliveries pass the gate together, and may be in doubt after a crash."),
    )
    # Where bounces come back to, an address of its own for each delivery; empty for the from address.
    return_domain = models.CharField(_("bounces come back to the domain"), max_length=100, blank=True)
    dkim_selector = models.SlugField(_("DKIM selector"), max_length=50, blank=True)
    per_minute = models.PositiveIntegerField(_("messages a minute at most"), null=True, blank=True)
    domain_per_minute = models.PositiveIntegerField(
        _("to one provider of mailboxes, a minute at most"), null=True, blank=True
    )
    warm_up_since = models.DateField(_("warming up since"), null=True, blank=True)
    # What the last look at its domain's records found, {check: {"state", "words"}}, and when that was.
    checks = models.JSONField(default=dict, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("sender")
        verbose_name_plural = _("senders")
        constraints = [
            models.CheckConstraint(condition=Q(window__gte=1), name="sender_window_positive"),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="sender_quiet_hours_whole",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def domain(self):
        """The part of the from address after the @."""
        return self.address.rpartition("@")[2]

    @property
    def postal_line(self):
        """The postal address in one line."""
        return ", ".join(line.strip() for line in self.postal_address.splitlines() if line.strip())

    @property
    def zone(self):
        return ZoneInfo(self.time_zone)


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
