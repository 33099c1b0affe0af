"""RFM: the cut points that are in force, and each buyer's three digits."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact


class RfmCuts(models.Model):
    """Where one band ends and the next begins, as taken on a day. They hold until new ones are taken."""

    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    buyers = models.PositiveIntegerField()
    # Four rising bounds each, of days since the last order, orders, and revenue. A value at or under a bound
    # falls into the band below it, so ties stay together.
    recency_days = ArrayField(models.FloatField(), size=4)
    frequency = ArrayField(models.FloatField(), size=4)
    monetary = ArrayField(models.DecimalField(max_digits=14, decimal_places=2), size=4)

    class Meta:
        verbose_name = _("RFM cut points")
        verbose_name_plural = _("RFM cut points")
        get_latest_by = "taken_at"

    def __str__(self):
        return f"{self.taken_at:%Y-%m-%d}"


class RfmScore(models.Model):
    """A buyer's digits, 1 to 5 each, 5 the best; contacts who never bought have no row."""

    contact = models.OneToOneField(Contact, models.CASCADE, primary_key=True, related_name="rfm")
    recency = models.PositiveSmallIntegerField()
    frequency = models.PositiveSmallIntegerField()
    monetary = models.PositiveSmallIntegerField()
    cuts = models.ForeignKey(RfmCuts, models.PROTECT, related_name="scores")
    # Since when these digits hold.
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("RFM score")
        verbose_name_plural = _("RFM scores")
        constraints = [
            models.CheckConstraint(
                condition=Q(recency__range=(1, 5), frequency__range=(1, 5), monetary__range=(1, 5)),
                name="rfm_digits_1_to_5",
            )
        ]
        indexes = [
            # The heat map and the people behind a cell.
            models.Index(fields=["recency", "frequency", "contact"], name="rfm_cell"),
        ]

    def __str__(self):
        return f"{self.recency}{self.frequency}{self.monetary}"


class RfmChange(models.Model):
    """That a contact came into another cell, by what they did or by time. New cut points write none."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="rfm_changes", db_index=False)
    at = models.DateTimeField()
    # The three digits; empty for who has not bought, or no longer counts as a buyer.
    before = models.CharField(max_length=3, blank=True)
    after = models.CharField(max_length=3, blank=True)
    # Moved by orders that an import brought along: it starts no rule.
    is_history = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("change of RFM cell")
        verbose_name_plural = _("changes of RFM cell")
        constraints = [
            models.CheckConstraint(condition=~Q(before=F("after")), name="rfm_change_changes"),
        ]
        indexes = [
            # Triggers look for changes within a span.
            models.Index(fields=["at"], name="rfm_change_at"),
            # Where one contact was, and is.
            models.Index(F("contact"), F("at").desc(), name="rfm_change_of_contact"),
        ]

    def __str__(self):
        return f"{self.before or '–'} → {self.after or '–'}"
