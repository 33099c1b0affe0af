"""What the database itself remembers of the journal that is kept outside of it."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class JournalEntry(models.Model):
    """One act that must survive the database: written here with the act, and to the journal after it.

    It stays: what the journal holds and this table does not was forgotten by a restore.
    """

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField()
    # {"act": "withdrawn" …}: people by their uuid, addresses by a keyed digest, nothing in clear.
    act = models.JSONField()
    written_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal entries")
        indexes = [
            # What could not be written yet is tried again with every sweep.
            models.Index(fields=["at"], name="journal_unwritten", condition=Q(written_at=None)),
        ]

    def __str__(self):
        return f"{self.act.get('act')} {self.key}"


class JournalMark(models.Model):
    """How far the database has come; the journal's own mark is never ahead of it, but after a restore."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    # Which journal belongs to this database.
    journal = models.UUIDField(default=uuid.uuid4)
    number = models.PositiveBigIntegerField(default=0)
    at = models.DateTimeField(null=True, blank=True)
    # When it was noticed that this is an old copy, what was found, and when a person had it recovered.
    restored_at = models.DateTimeField(null=True, blank=True)
    recovered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("mark of the journal")
        verbose_name_plural = _("mark of the journal")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_journal_mark")]

    def __str__(self):
        return str(self.number)

    @property
    def waits(self):
        """Whether it was noticed to be an old copy and nobody has recovered it."""
        return self.restored_at is not None and (
            self.recovered_at is None or self.recovered_at < self.restored_at
        )
