"""The contact strategy, its content, and the ledger of deliveries."""

import uuid
from datetime import timedelta

import pghistory
from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from contacts.models import Channel, Contact, Sender, Topic
from touchpoints.models import Touchpoint


@pghistory.track()
class SendingSwitch(models.Model):
    """The one switch that holds all sending; a single row, read by the gate."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    held = models.BooleanField(_("hold all sending"), default=False)
    reason = models.CharField(_("why"), max_length=200, blank=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("sending switch")
        verbose_name_plural = _("sending switch")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_sending_switch")]

    def __str__(self):
        return str(_("Sending is held") if self.held else _("Sending is on"))

    @classmethod
    def load(cls):
        """The switch as it stands; on, until someone holds it."""
        return cls.objects.filter(id=1).first() or cls()


@pghistory.track()
class Content(models.Model):
    """The words of a message as they are being written; a version of them is frozen before they are sent."""

    name = models.CharField(_("name"), max_length=100)
    subject = models.CharField(_("subject"), max_length=200)
    preheader = models.CharField(_("preview line"), max_length=200, blank=True)
    # MJML with Liquid in it, from <mj-section> on; the frame with the footer is ours.
    body = models.TextField(_("body"))
    text = models.TextField(_("text part"), help_text=_("For those who read without pictures."))
    live = models.ForeignKey(
        "ContentVersion", models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("content")
        verbose_name_plural = _("content")

    def __str__(self):
        return self.name


class ContentVersion(models.Model):
    """Content as it was frozen: compiled, checked, never changed. A delivery names the one it used."""

    content = models.ForeignKey(Content, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    subject = models.CharField(max_length=200)
    preheader = models.CharField(max_length=200, blank=True)
    body = models.TextField()
    # Compiled from `body` inside the sender's frame, CSS inlined; Liquid still in it.
    html = models.TextField()
    text = models.TextField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)

    class Meta:
        verbose_name = _("content version")
        verbose_name_plural = _("content versions")
        constraints = [models.UniqueConstraint(fields=["content", "number"], name="content_version_once")]

    def __str__(self):
        return f"{self.content} {self.number}"


class LifecycleRuleQuerySet(models.QuerySet):
    def for_user(self, user):
        """The rules this user may see."""
        return self

    def active(self):
        return self.filter(status=LifecycleRule.Status.ACTIVE)

    def in_order(self):
        return self.order_by("position", "id")


@pghistory.track()
class LifecycleRule(models.Model):
    """A row of the contact strategy: when its trigger holds, a message goes out; silence is answered once."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("On")
        PAUSED = "paused", _("Paused")
        CLOSED = "closed", _("Closed")

    class Purpose(models.TextChoices):
        ACQUISITION = "acquisition", _("Acquisition")
        RETENTION = "retention", _("Retention")
        EXTENSION = "extension", _("Extension")

    class Rank(models.IntegerChoices):
        """Who goes first when several are due to one person."""

        SERVICE = 0, _("Service")
        WELCOME = 1, _("Welcome")
        CONVERSION = 2, _("Conversion")
        OTHER = 3, _("Other")
        NEWSLETTER = 4, _("Newsletter")

    class ReEntry(models.TextChoices):
        ONCE = "once", _("Once ever")
        DAYS = "days", _("Once in a number of days")
        EVERY = "every", _("Every time")

    name = models.CharField(_("message type"), max_length=100)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose)
    rank = models.PositiveSmallIntegerField(_("rank"), choices=Rank, default=Rank.OTHER)
    position = models.PositiveSmallIntegerField(default=0)
    # The textbook's words, beside the machine form.
    condition = models.CharField(_("interval, trigger condition"), max_length=200)
    outcomes = models.CharField(_("outcomes required"), max_length=200)
    trigger = models.SlugField(_("trigger"), max_length=50)
    parameters = models.JSONField(default=dict, blank=True)
    delay = models.DurationField(_("after"), default=timedelta)
    freshness = models.DurationField(_("no later than"), default=timedelta(hours=48))
    re_entry = models.CharField(_("to one person"), max_length=5, choices=ReEntry, default=ReEntry.ONCE)
    re_entry_days = models.PositiveSmallIntegerField(null=True, blank=True)
    outcome = models.SlugField(_("outcome"), max_length=50, blank=True)
    outcome_within = models.DurationField(_("within"), default=timedelta(days=7))
    channel = models.CharField(_("medium"), max_length=10, choices=Channel, default=Channel.EMAIL)
    topic = models.ForeignKey(
        Topic, models.PROTECT, null=True, blank=True, help_text=_("Empty for service messages.")
    )
    sender = models.ForeignKey(Sender, models.PROTECT)
    content = models.ForeignKey(Content, models.PROTECT, related_name="rules")
    remind_after = models.DurationField(_("remind after"), null=True, blank=True)
    reminder_content = models.ForeignKey(
        Content, models.PROTECT, null=True, blank=True, related_name="reminder_rules"
    )
    # What they did in the last 15 minutes is answered at once, whatever the hour and the cap.
    answers_at_once = models.BooleanField(_("answers at once"), default=False)
    status = models.CharField(max_length=6, choices=Status, default=Status.DRAFT)
    # Only occurrences whose due moment lies after this count.
    activated_at = models.DateTimeField(null=True, blank=True)

    objects = LifecycleRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("lifecycle rule")
        verbose_name_plural = _("lifecycle rules")
        constraints = [
            models.CheckConstraint(
                condition=Q(rank=0) | Q(topic__isnull=False), name="marketing_rule_has_topic"
            ),
            models.CheckConstraint(
                condition=~Q(status="active") | Q(activated_at__isnull=False), name="active_rule_has_start"
            ),
            models.CheckConstraint(
                condition=~Q(re_entry="days") | Q(re_entry_days__gte=1), name="re_entry_days_given"
            ),
            models.CheckConstraint(
                condition=Q(remind_after=None) | Q(reminder_content__isnull=False),
                name="reminder_has_content",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def is_service(self):
        return self.rank == self.Rank.SERVICE

    def get_absolute_url(self):
        return reverse("campaigns:rule-detail", args=[self.pk])


class DeliveryQuerySet(models.QuerySet):
    def for_user(self, user):
        """The deliveries this user may see."""
        return self

    def due(self, at):
        return self.filter(status=Delivery.Status.PLANNED, due_at__lte=at)

    def of(self, contact):
        return self.filter(contact=contact)

    def newest_first(self):
        return self.order_by("-id")


class Delivery(models.Model):
    """One message to one contact, from plan to outcome. The row is the truth; queues carry hints."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        CLAIMED = "claimed", _("In hand")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        UNKNOWN = "unknown", _("Unknown")
        PARKED = "parked", _("Parked")
        SKIPPED = "skipped", _("Not sent")
        HELD_OUT = "held_out", _("Held out")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        EXPIRED = "expired", _("Expired")
        MERGED = "merged", _("Merged")
        ERASED = "erased", _("Erased")

    class Reason(models.TextChoices):
        """Why a delivery waits or was not sent, in a marketer's words."""

        NONE = "", ""
        NEVER_AGREED = "never_agreed", _("never said yes to this topic on this channel")
        WITHDREW = "withdrew", _("withdrew their consent to this topic")
        SUPPRESSED = "suppressed", _("the address is suppressed")
        NO_ADDRESS = "no_address", _("no address for this channel")
        RULE_OFF = "rule_off", _("the rule was switched off")
        RULE_PAUSED = "rule_paused", _("the rule is paused")
        CONDITION_GONE = "condition_gone", _("the condition no longer holds")
        OUTCOME_REACHED = "outcome_reached", _("the outcome was already reached")
        ANSWERED = "answered", _("already answered")
        QUIET = "quiet", _("in quiet hours where they live")
        CAP = "cap", _("already heard from us as often as we allow")
        HELD = "held", _("all sending is held")
        TOO_LATE = "too_late", _("could not go within its time")
        MERGED = "merged", _("now under another contact")
        ERASED = "erased", _("asked to be forgotten")
        RENDER = "render", _("the message could not be made")
        REFUSED = "refused", _("the mail server refused it")
        RETRY = "retry", _("the mail server said: later")
        NO_ANSWER = "no_answer", _("the connection broke; nobody can say whether it arrived")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # What it answers, in the ledger once: "r7:s1:41:t993", "r7:s1:41" (once ever), "{parent}:r1".
    occurrence_key = models.CharField(max_length=200, unique=True)
    rule = models.ForeignKey(LifecycleRule, models.PROTECT, related_name="deliveries")
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="deliveries")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="reminders")
    reminder_number = models.PositiveSmallIntegerField(default=0)
    touchpoint = models.ForeignKey(
        Touchpoint, models.PROTECT, null=True, blank=True, related_name="deliveries"
    )
    # Why it was planned, with the values found: {"words": …, "at": …}.
    evidence = models.JSONField(default=dict, blank=True)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.EMAIL)
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True)
    sender = models.ForeignKey(Sender, models.PROTECT)
    version = models.ForeignKey(ContentVersion, models.PROTECT, related_name="deliveries")
    rank = models.PositiveSmallIntegerField(choices=LifecycleRule.Rank)

    status = models.CharField(max_length=10, choices=Status, default=Status.PLANNED)
    reason = models.CharField(max_length=20, choices=Reason, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    occurred_at = models.DateTimeField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    planned_at = models.DateTimeField()
    # The worker that has it in hand, and until when, on the database's clock.
    owner = models.CharField(max_length=60, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # When it passed the gate; what the frequency cap counts.
    sending_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    address = models.CharField(max_length=254, blank=True, default="")
    # The merge values it was made with: with the version they give the message as it was sent.
    merge_values = models.JSONField(default=dict, blank=True)
    reply = models.CharField(
        max_length=300, blank=True, default="", help_text=_("What the mail server said.")
    )
    outcome_at = models.DateTimeField(null=True, blank=True)
    outcome_touchpoint = models.ForeignKey(
        Touchpoint, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            # Claiming walks what is planned by (due_at, id).
            models.Index(fields=["due_at", "id"], name="delivery_due", condition=Q(status="planned")),
            # The settling sweep finds what a crash left in hand.
            models.Index(
                fields=["lease_until"],
                name="delivery_in_hand",
                condition=Q(status__in=["claimed", "sending", "unknown"]),
            ),
            # The contact page, and the frequency cap.
            models.Index(F("contact"), F("id").desc(), name="delivery_of_contact"),
            models.Index(
                fields=["contact", "sending_at"],
                name="delivery_cap",
                condition=Q(sending_at__isnull=False, rank__gt=0),
            ),
            # Reminders and outcomes look at what was sent lately.
            models.Index(fields=["rule", "sending_at"], name="delivery_sent", condition=Q(status="sent")),
            # A rule's figures and the list by state.
            models.Index(F("rule"), F("status"), F("id").desc(), name="delivery_of_rule"),
            models.Index(F("status"), F("id").desc(), name="delivery_by_state"),
            # The balance of the last week.
            BrinIndex(fields=["planned_at"], name="delivery_planned"),
        ]

    def __str__(self):
        return f"{self.rule}, {self.contact}"

    def get_absolute_url(self):
        return reverse("campaigns:delivery-detail", args=[self.uuid])

    @property
    def is_service(self):
        return self.rank == LifecycleRule.Rank.SERVICE

    @property
    def why(self):
        """Why it waits or was not sent, in words; empty when there is nothing to say."""
        return " – ".join(str(part) for part in (self.get_reason_display(), self.detail) if part)


class Response(models.Model):
    """What came back to one delivery."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("Opened")
        CLICKED = "clicked", _("Clicked")
        REPLIED = "replied", _("Replied")
        BOUNCED = "bounced", _("Bounced")
        COMPLAINED = "complained", _("Complained")
        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="responses")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()
    touchpoint = models.ForeignKey(
        Touchpoint, models.CASCADE, null=True, blank=True, related_name="responses"
    )
    data = models.JSONField(default=dict, blank=True)

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


class Tick(models.Model):
    """One run of a schedule, by slot: its progress is what the health page believes."""

    schedule = models.CharField(max_length=50)
    slot = models.DateTimeField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("tick")
        verbose_name_plural = _("ticks")
        constraints = [models.UniqueConstraint(fields=["schedule", "slot"], name="tick_once")]
        indexes = [models.Index(F("schedule"), F("slot").desc(), name="tick_newest")]

    def __str__(self):
        return f"{self.schedule} {self.slot:%Y-%m-%d %H:%M:%S}"
