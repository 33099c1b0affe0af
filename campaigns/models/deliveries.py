"""The ledger of deliveries."""

import uuid

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaigns import Campaign
from campaigns.models.content import ContentVersion
from campaigns.models.rules import LifecycleRule, Step
from contacts.models import Channel, Contact, Sender, Topic
from touchpoints.models import Touchpoint


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
        CAMPAIGN_OFF = "campaign_off", _("the campaign was called off")
        CAMPAIGN_PAUSED = "campaign_paused", _("the campaign is paused")
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
        PACE = "pace", _("in line: we send only so many at a time")
        PILOT = "pilot", _("outside the pilot group")
        CONTROL = "control", _("held out, to see what the message is worth")
        BOUNCED = "bounced", _("the address does not exist or takes no mail")
        HOUR = "hour", _("waits for their hour")
        HOLDOUT = "holdout", _("held out of everything, to see what all of it is worth")
        AUDIENCE = "audience", _("not among those it is for")
        PREFERENCE = "preference", _("prefers another medium")
        TOPIC_CAP = "topic_cap", _("already heard about this topic as often as we allow")
        OWN_CAP = "own_cap", _("already heard from us as often as they wish")
        CALLED = "called", _("spoke with us on the phone")
        CALL_BACK = "call_back", _("asked to be called back")
        NOBODY_ANSWERED = "unanswered_call", _("nobody answered the phone")
        WRONG_NUMBER = "wrong_number", _("the number is not theirs")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # What it answers, in the ledger once: "r7:s1:41:t993", "r7:s1:41" (ever), "{parent}:s2". A constraint
    # below keeps it so: `unique=True` would bring a second index along, for questions that nobody asks.
    occurrence_key = models.CharField(max_length=200)
    # What asked for it: a row of the strategy or a campaign, never both.
    # A row is written anew at every step of the road, and each index with it: keys have one of their own only
    # where something is found by it.
    rule = models.ForeignKey(
        LifecycleRule, models.PROTECT, null=True, blank=True, related_name="deliveries", db_index=False
    )
    # The step of that row; none for a campaign.
    step = models.ForeignKey(
        Step, models.PROTECT, null=True, blank=True, related_name="deliveries", db_index=False
    )
    # What all steps from one occurrence share, across media: "r7:41:t993".
    episode = models.CharField(max_length=200, blank=True, default="", db_default="")
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, null=True, blank=True, related_name="deliveries", db_index=False
    )
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="deliveries", db_index=False)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reminders", db_index=False
    )
    reminder_number = models.PositiveSmallIntegerField(default=0)
    touchpoint = models.ForeignKey(
        Touchpoint, models.PROTECT, null=True, blank=True, related_name="deliveries", db_index=False
    )
    # Why it was planned, with the values found: {"words": …, "at": …}.
    evidence = models.JSONField(default=dict, blank=True)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.EMAIL)
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True, db_index=False)
    sender = models.ForeignKey(Sender, models.PROTECT, db_index=False)
    version = models.ForeignKey(ContentVersion, models.PROTECT, related_name="deliveries", db_index=False)
    # Which of two messages it is, where both are tried: "a" or "b".
    variant = models.CharField(max_length=1, blank=True, default="", db_default="")
    rank = models.PositiveSmallIntegerField(choices=LifecycleRule.Rank)
    # Of one rank the row that stood higher on the strategy when this was planned goes first.
    position = models.SmallIntegerField(default=0, db_default=0)

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
    # The same on the database's clock, to be held against when a withdrawal was written down.
    passed_at = models.DateTimeField(null=True, blank=True)
    # When its first try passed: a provider remembers the key of a message for so long only.
    first_sending_at = models.DateTimeField(null=True, blank=True)
    # How often nobody knew whether it had left.
    doubts = models.PositiveSmallIntegerField(default=0, db_default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    address = models.CharField(max_length=254, blank=True, default="")
    # The merge values it was made with: with the version they give the message as it was sent.
    merge_values = models.JSONField(default=dict, blank=True)
    reply = models.CharField(
        max_length=300, blank=True, default="", help_text=_("What the mail server said.")
    )
    # What the provider calls the message.
    provider_ref = models.CharField(max_length=200, blank=True, default="", db_default="")
    outcome_at = models.DateTimeField(null=True, blank=True)
    outcome_touchpoint = models.ForeignKey(
        Touchpoint, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["occurrence_key"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(rule=None) ^ Q(campaign=None), name="delivery_of_rule_or_campaign"
            ),
        ]
        indexes = [
            # Claiming walks what is planned by (due_at, id); only mail leaves by itself.
            models.Index(
                fields=["due_at", "id"], name="delivery_due", condition=Q(status="planned", channel="email")
            ),
            # What waits for a visit or a call: the queue of calls, and what nobody came for.
            models.Index(
                fields=["channel", "expires_at"],
                name="delivery_awaited",
                condition=Q(status="planned") & ~Q(channel="email"),
            ),
            # The rest of a sequence, when it is stopped.
            models.Index(
                fields=["episode"],
                name="delivery_rest",
                condition=Q(status="planned") & ~Q(episode=""),
            ),
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
            # Following steps and outcomes look at what was sent lately.
            models.Index(fields=["rule", "sending_at"], name="delivery_sent", condition=Q(status="sent")),
            # A rule's figures and the list by state.
            models.Index(
                F("rule"),
                F("status"),
                F("id").desc(),
                name="delivery_of_rule",
                condition=Q(rule__isnull=False),
            ),
            models.Index(F("status"), F("id").desc(), name="delivery_by_state"),
            # A campaign's balance, and who did not get it.
            models.Index(
                F("campaign"),
                F("status"),
                F("reason"),
                F("id").desc(),
                name="delivery_of_campaign",
                condition=Q(campaign__isnull=False),
            ),
            # What followed a message.
            models.Index(fields=["parent"], name="delivery_parent", condition=Q(parent__isnull=False)),
            # What a touchpoint started or fulfilled, when it is taken back.
            models.Index(
                fields=["touchpoint"], name="delivery_touchpoint", condition=Q(touchpoint__isnull=False)
            ),
            models.Index(
                fields=["outcome_touchpoint"],
                name="delivery_outcome",
                condition=Q(outcome_touchpoint__isnull=False),
            ),
            # A notice names the message as the provider does.
            models.Index(fields=["provider_ref"], name="delivery_ref", condition=~Q(provider_ref="")),
            # The balance of the last week.
            BrinIndex(fields=["planned_at"], name="delivery_planned"),
        ]

    def __str__(self):
        return f"{self.program}, {self.contact}"

    def get_absolute_url(self):
        return reverse("campaigns:delivery-detail", args=[self.uuid])

    @property
    def program(self):
        """What asked for it: the row of the strategy, or the campaign."""
        return self.rule or self.campaign

    @property
    def is_service(self):
        return self.rank == LifecycleRule.Rank.SERVICE

    @property
    def was_handed_over(self):
        """Whether a mail server was given it, whatever became of it: what could not be made never was."""
        passed = self.sending_at is not None and self.status != self.Status.SENDING
        return passed and self.reason != self.Reason.RENDER

    @property
    def why(self):
        """Why it waits or was not sent, in words; empty when there is nothing to say."""
        return " – ".join(str(part) for part in (self.reason_words, self.detail) if part)

    @property
    def reason_words(self):
        """The reason as it reads for the medium of this delivery."""
        if self.reason == self.Reason.NO_ADDRESS and self.channel == Channel.PHONE:
            return _("no phone number")
        if self.reason == self.Reason.NEVER_AGREED:
            medium = Channel(self.channel).label.lower()
            return _("never said yes to this topic by %(medium)s") % {"medium": medium}
        return self.get_reason_display()


class Anomaly(models.Model):
    """Something that should not have happened to a delivery, kept to be looked at."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="anomalies")
    at = models.DateTimeField()
    words = models.CharField(max_length=300)

    class Meta:
        verbose_name = _("anomaly")
        verbose_name_plural = _("anomalies")

    def __str__(self):
        return self.words
