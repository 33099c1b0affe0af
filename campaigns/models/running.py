"""What the sending itself remembers: its pace and its clock."""

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from contacts.models import Sender


class Pace(models.Model):
    """How much a sender has sent to one provider of mailboxes lately, and until when it holds back."""

    sender = models.ForeignKey(Sender, models.CASCADE, related_name="paces")
    # The part after the @; empty for all together.
    domain = models.CharField(max_length=254, blank=True, default="")
    # While it is warming up: the last day it sent, how much, and how much that day allowed.
    day = models.DateField(null=True, blank=True)
    day_count = models.PositiveIntegerField(default=0)
    day_limit = models.PositiveIntegerField(default=0)
    minute = models.DateTimeField(null=True, blank=True)
    minute_count = models.PositiveIntegerField(default=0)
    # Told to slow down: nothing goes before this moment; each refusal in a row makes the wait longer.
    hold_until = models.DateTimeField(null=True, blank=True)
    hold_step = models.PositiveSmallIntegerField(default=0)
    reply = models.CharField(max_length=300, blank=True, default="")
    # What had to wait is queued up to this moment; what comes later is put behind it.
    queue_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("pace")
        verbose_name_plural = _("paces")
        constraints = [models.UniqueConstraint(fields=["sender", "domain"], name="pace_once")]

    def __str__(self):
        return f"{self.sender} → {self.domain or '*'}"


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
