"""The contact strategy: standing rules, and the steps each of them takes."""

from datetime import timedelta

import pghistory
from django.contrib.postgres.fields import ArrayField
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
    """A row of the contact strategy: when its trigger holds, its steps are taken until it has worked."""

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

    class Leaves(models.TextChoices):
        """At which hour of the day, where the person lives."""

        ANY = "any", _("at any hour")
        HOUR = "hour", _("at one hour of the day")
        BEST = "best", _("at the hour at which the person is usually there")

    name = models.CharField(_("message type"), max_length=100)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose)
    rank = models.PositiveSmallIntegerField(_("rank"), choices=Rank, default=Rank.OTHER)
    position = models.PositiveSmallIntegerField(default=0)
    # The textbook's words, beside the machine form.
    condition = models.CharField(_("interval, trigger condition"), max_length=200)
    outcomes = models.CharField(_("outcomes required"), max_length=200)
    trigger = models.SlugField(_("trigger"), max_length=50)
    parameters = models.JSONField(default=dict, blank=True)
    # Who it is for, as a campaign says it; everybody when empty.
    audience = models.JSONField(default=dict, blank=True)
    freshness = models.DurationField(_("no later than"), default=timedelta(hours=48))
    re_entry = models.CharField(_("to one person"), max_length=5, choices=ReEntry, default=ReEntry.ONCE)
    re_entry_days = models.PositiveSmallIntegerField(null=True, blank=True)
    outcome = models.SlugField(_("outcome"), max_length=50, blank=True)
    outcome_parameters = models.JSONField(default=dict, blank=True)
    outcome_within = models.DurationField(_("within"), default=timedelta(days=7))
    # Counted besides, and stopping nothing: [{"outcome": key, "parameters": {}}].
    more_outcomes = models.JSONField(default=list, blank=True)
    topic = models.ForeignKey(
        Topic, models.PROTECT, null=True, blank=True, help_text=_("Empty for service messages.")
    )
    sender = models.ForeignKey(Sender, models.PROTECT)
    # What they did in the last 15 minutes is answered at once, whatever the hour and the cap.
    answers_at_once = models.BooleanField(_("answers at once"), default=False)
    leaves = models.CharField(_("leaves"), max_length=4, choices=Leaves, default=Leaves.ANY)
    leaves_hour = models.PositiveSmallIntegerField(_("hour"), null=True, blank=True)
    # Monday is 0; any day when empty.
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    control_share = models.PositiveSmallIntegerField(_("held out, per cent"), default=10)
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
            models.CheckConstraint(condition=Q(control_share__lte=90), name="rule_control_share"),
            models.CheckConstraint(
                condition=~Q(leaves="hour") | Q(leaves_hour__range=(0, 23)), name="rule_leaves_at_an_hour"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def is_service(self):
        return self.rank == self.Rank.SERVICE

    @property
    def first_step(self):
        """The step that speaks first; None before there is any."""
        return next((step for step in self.steps.all() if step.follows_id is None), None)

    def get_absolute_url(self):
        return reverse("campaigns:rule-detail", args=[self.pk])


class StepQuerySet(models.QuerySet):
    def starting(self):
        """The steps that start from the occurrence itself."""
        return self.filter(follows=None)

    def with_words(self):
        return self.select_related("content__live", "content_b__live", "follows")


class StepManager(models.Manager.from_queryset(StepQuerySet)):
    """The steps as the strategy has them now: what was removed stays for the ledger alone."""

    def get_queryset(self):
        return super().get_queryset().filter(removed_at=None)


@pghistory.track()
class Step(models.Model):
    """One message of a rule: by which medium, how long after what, and to whom of those it could go to."""

    class Condition(models.TextChoices):
        """What must be so of the step before it, when this one is due; an outcome reached stops all."""

        ALWAYS = "", _("whatever comes back")
        UNANSWERED = "unanswered", _("if nothing comes back")
        UNOPENED = "unopened", _("if no person opens it")
        CLICKED = "clicked", _("if it is clicked")

    rule = models.ForeignKey(LifecycleRule, models.CASCADE, related_name="steps")
    # Stands in the keys of the ledger, and is never used again within its rule.
    key = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField(default=0)
    # The step it comes after; from the occurrence itself when there is none.
    follows = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followers", verbose_name=_("follows")
    )
    channel = models.CharField(_("medium"), max_length=10, choices=Channel, default=Channel.EMAIL)
    # For a panel: the place on the site where it is shown.
    slot = models.SlugField(_("place"), max_length=50, blank=True)
    delay = models.DurationField(_("after"), default=timedelta)
    condition = models.CharField(
        _("condition"), max_length=10, choices=Condition, blank=True, default=Condition.ALWAYS
    )
    by_preference = models.BooleanField(_("only to those who prefer this medium"), default=False)
    content = models.ForeignKey(Content, models.PROTECT, related_name="steps")
    # Half of the people get this instead, to see which of the two does more.
    content_b = models.ForeignKey(Content, models.PROTECT, null=True, blank=True, related_name="steps_b")
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = StepManager()
    everything = StepQuerySet.as_manager()

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["position", "id"]
        base_manager_name = "everything"
        default_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["rule", "key"], name="step_key_once"),
            models.CheckConstraint(
                condition=Q(condition="") | Q(follows__isnull=False), name="condition_of_a_following_step"
            ),
            models.CheckConstraint(condition=~Q(channel="panel") | ~Q(slot=""), name="panel_has_a_place"),
        ]

    def __str__(self):
        return f"{self.rule}, {self.label}"

    @property
    def label(self):
        """What a marketer calls it among the steps of its row."""
        if self.channel != Channel.EMAIL:
            named = {Channel.PHONE: _("Call"), Channel.PANEL: _("Panel"), Channel.LETTER: _("Letter")}
            return f"{named[self.channel]} “{self.slot}”" if self.slot else str(named[self.channel])
        if self.follows_id is None:
            return str(_("Message"))
        is_reminder = self.condition in (self.Condition.UNANSWERED, self.Condition.UNOPENED)
        return str(_("Reminder") if is_reminder else _("Following message"))
