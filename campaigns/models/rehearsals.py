"""Rehearsals: what a rule or a campaign would have done."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaigns import Campaign
from campaigns.models.rules import LifecycleRule


class RehearsalQuerySet(models.QuerySet):
    def of(self, program):
        """Those of a row of the strategy, or of a campaign."""
        is_rule = isinstance(program, LifecycleRule)
        return self.filter(rule=program) if is_rule else self.filter(campaign=program)

    def newest_first(self):
        return self.order_by("-id")


class Rehearsal(models.Model):
    """What one row of the strategy or one campaign would have done in a window; nothing of it happened."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waits for a worker")
        RUNNING = "running", _("Being rehearsed")
        DONE = "done", _("Rehearsed")
        FAILED = "failed", _("Could not be rehearsed")

    rule = models.ForeignKey(
        LifecycleRule, models.CASCADE, null=True, blank=True, related_name="rehearsals", db_index=False
    )
    campaign = models.ForeignKey(
        Campaign, models.CASCADE, null=True, blank=True, related_name="rehearsals", db_index=False
    )
    since = models.DateTimeField()
    until = models.DateTimeField()
    # Without the rest of the strategy.
    alone = models.BooleanField(_("alone"), default=False)
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    error = models.CharField(max_length=300, blank=True, default="")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # Of all that decides who gets what and when: an edit of it asks for another rehearsal.
    fingerprint = models.CharField(max_length=64)
    # How many messages would have been planned and sent in the window.
    planned = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict, blank=True)

    objects = RehearsalQuerySet.as_manager()

    class Meta:
        verbose_name = _("rehearsal")
        verbose_name_plural = _("rehearsals")
        constraints = [
            models.CheckConstraint(
                condition=Q(rule=None) ^ Q(campaign=None), name="rehearsal_of_rule_or_campaign"
            ),
            models.CheckConstraint(condition=Q(since__lt=models.F("until")), name="rehearsal_has_a_window"),
        ]
        indexes = [
            # The newest of a row, or of a campaign.
            models.Index(fields=["rule", "-id"], name="rehearsal_of_rule", condition=Q(rule__isnull=False)),
            models.Index(
                fields=["campaign", "-id"], name="rehearsal_of_campaign", condition=Q(campaign__isnull=False)
            ),
        ]

    def __str__(self):
        return str(_("Rehearsal of “%(program)s”") % {"program": self.program})

    @property
    def program(self):
        """What was rehearsed: the row of the strategy, or the campaign."""
        return self.rule or self.campaign

    @property
    def is_done(self):
        return self.status == self.Status.DONE

    @property
    def is_under_way(self):
        return self.status in (self.Status.WAITING, self.Status.RUNNING)

    @property
    def days(self):
        """How long the window is, in days."""
        return (self.until - self.since).total_seconds() / 86400

    @property
    def a_day(self):
        """So many messages would have been planned on a usual day; one at the least."""
        return max(1, round(self.planned / max(1, self.days)))
