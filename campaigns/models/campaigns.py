"""Campaigns: once, to many."""

from datetime import timedelta

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from campaigns.models.content import Content, ContentVersion
from campaigns.models.rules import LifecycleRule
from contacts.models import Channel, Sender, Topic


class CampaignQuerySet(models.QuerySet):
    def for_user(self, user):
        """The campaigns this user may see."""
        return self

    def newest_first(self):
        return self.order_by("-id")

    def to_plan(self, at):
        """Whose moment has come, and those whose planning has not ended."""
        due = Q(status=Campaign.Status.SCHEDULED, send_at__lte=at)
        return self.filter(due | Q(status=Campaign.Status.PLANNING))

    def under_way(self):
        """Being planned or sent."""
        return self.filter(status__in=[Campaign.Status.PLANNING, Campaign.Status.SENDING])


@pghistory.track(exclude=["position", "until_contact", "planned_count", "counted_since"])
class Campaign(models.Model):
    """Once: these people, at this moment, this message. Its deliveries are its audience."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        WAITING = "waiting", _("Waits for a second yes")
        SCHEDULED = "scheduled", _("Scheduled")
        PLANNING = "planning", _("Being planned")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        FINISHED = "finished", _("Finished")
        CANCELLED = "cancelled", _("Called off")

    class Pause(models.TextChoices):
        """Why it is paused: by a person, or by itself."""

        NONE = "", ""
        PERSON = "person", _("paused by hand")
        RENDER = "render", _("too many of its messages could not be made")
        BOUNCES = "bounces", _("too many of its messages came back")
        COMPLAINTS = "complaints", _("too many people called it spam")

    name = models.CharField(_("name"), max_length=100)
    goal = models.CharField(_("what it is for"), max_length=200, blank=True)
    topic = models.ForeignKey(Topic, models.PROTECT)
    sender = models.ForeignKey(Sender, models.PROTECT)
    channel = models.CharField(_("medium"), max_length=10, choices=Channel, default=Channel.EMAIL)
    content = models.ForeignKey(Content, models.PROTECT, related_name="campaigns")
    # Frozen when it starts.
    version = models.ForeignKey(
        ContentVersion, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    # Who it is for: {"filters": {name: value}} of the contact list, or {"contacts": [ids]}.
    audience = models.JSONField(default=dict, blank=True)
    # Per cent of the audience that is held out, to see what the message was worth.
    control_share = models.PositiveSmallIntegerField(_("held out, per cent"), null=True, blank=True)
    outcome = models.SlugField(_("outcome"), max_length=50, blank=True)
    outcome_within = models.DurationField(_("within"), default=timedelta(days=7))
    send_at = models.DateTimeField(_("leaves on"), null=True, blank=True)
    lasts = models.DurationField(_("no later than"), default=timedelta(hours=72))
    status = models.CharField(max_length=9, choices=Status, default=Status.DRAFT)
    pause = models.CharField(max_length=10, choices=Pause, blank=True, default="")
    pause_detail = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # The breakers count what happened after this: its start, or the last time a person let it go on.
    counted_since = models.DateTimeField(null=True, blank=True, editable=False)
    # How far planning has come: contacts up to this id are in the ledger, those after `until_contact` are not
    # asked. Written with each chunk, so that a crash costs one chunk that is planned again.
    position = models.BigIntegerField(default=0, editable=False)
    until_contact = models.BigIntegerField(default=0, editable=False)
    planned_count = models.PositiveIntegerField(default=0, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "waiting", "cancelled"])
                | Q(send_at__isnull=False, control_share__isnull=False) & ~Q(goal=""),
                name="campaign_has_moment_goal_and_control",
            ),
            models.CheckConstraint(
                condition=Q(control_share=None) | Q(control_share__lte=90), name="campaign_control_share"
            ),
        ]
        indexes = [
            # The planner and the list ask for those under way.
            models.Index(fields=["status"], name="campaign_by_state"),
        ]

    # Who goes first: a campaign comes after everything that answers a person.
    rank = LifecycleRule.Rank.NEWSLETTER
    is_service = False

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("campaigns:campaign-detail", args=[self.pk])
