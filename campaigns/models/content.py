"""The words of a message, as written and as frozen."""

import pghistory
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


@pghistory.track()
class Content(models.Model):
    """The words of a message as they are being written; a version of them is frozen before they are sent."""

    name = models.CharField(_("name"), max_length=100)
    subject = models.CharField(_("subject"), max_length=200)
    preheader = models.CharField(_("preview line"), max_length=200, blank=True)
    # MJML with Liquid in it, from <mj-section> on; the frame with the footer is ours.
    body = models.TextField(_("body"))
    text = models.TextField(_("text part"), help_text=_("For those who read without pictures."))
    # Asked on a page of its own, which `feedback_url` leads to; none when empty.
    question = models.CharField(_("question"), max_length=200, blank=True, default="", db_default="")
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
    question = models.CharField(max_length=200, blank=True, default="", db_default="")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)

    class Meta:
        verbose_name = _("content version")
        verbose_name_plural = _("content versions")
        constraints = [models.UniqueConstraint(fields=["content", "number"], name="content_version_once")]

    def __str__(self):
        return f"{self.content} {self.number}"
