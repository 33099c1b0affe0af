"""The contact strategy: standing rules."""

from datetime import timedelta

import pghistory
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from campaigns.models.content import Content
from contacts.models import Channel, Sender, Topic


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
    outcome_parameters = models.JSONField(default=dict, blank=True)
    outcome_within = models.DurationField(_("within"), default=timedelta(days=7))
    # Counted besides, and stopping nothing: [{"outcome": key, "parameters": {}}].
    more_outcomes = models.JSONField(default=list, blank=True)
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
