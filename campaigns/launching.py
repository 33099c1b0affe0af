"""What people do with a campaign: submit it, say the second yes, pause, go on, call off, try again.

Each act locks the campaign's row first, so that two people at once do one thing after the other.
"""

from django.db import connection, transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import activation, audience, campaigning, content, editing, senders, settling
from campaigns.models import Campaign, SendingSwitch
from campaigns.previewing import campaign_subject

Status, Pause = Campaign.Status, Campaign.Pause
MAY_RETRY = {Status.SENDING, Status.PAUSED, Status.FINISHED}
MAY_BE_CALLED_OFF = {
    Status.DRAFT, Status.WAITING, Status.SCHEDULED, Status.PLANNING, Status.SENDING, Status.PAUSED
}  # fmt: skip

# What did not leave for a reason that may be gone by now. Never what may have left: nothing that was ever in
# doubt, and nothing an address or a consent stands against. The gate asks again all the same.
RETRIABLE = """
    d.doubts = 0 AND (
        d.status = 'failed' AND d.reason IN ('render', 'refused')
        OR d.status = 'expired'
        OR d.status = 'skipped' AND d.reason IN ('quiet', 'cap', 'held', 'pace', 'pilot')
    )
"""
_AGAIN = """
    status = 'planned', reason = '', detail = '', reply = '', owner = '', lease_until = NULL,
    finished_at = NULL, sending_at = NULL, due_at = %(at)s, expires_at = %(at)s + k.lasts
"""
_SENT = """
    status = 'sent', detail = %(by)s, owner = '', lease_until = NULL, finished_at = %(at)s
"""
_CHANGE = """
WITH found AS MATERIALIZED (
    SELECT d.id FROM campaigns_delivery d WHERE d.campaign_id = %(campaign)s AND ({which})
    ORDER BY d.id FOR NO KEY UPDATE
)
UPDATE campaigns_delivery d SET {change}
FROM found, campaigns_campaign k WHERE d.id = found.id AND k.id = %(campaign)s
"""


class CannotStart(ValueError):
    """What keeps a campaign from this, in words."""


# Before it leaves ------------------------------------------------------------------------------------


def checks(campaign):
    """(tone, what was asked, what was found) of all that a campaign needs before it may leave."""
    yield _given(_("It says what it is for"), campaign.goal, campaign.goal, _("Say what it is for."))
    yield from _audience_checks(campaign)
    share = campaign.control_share
    chosen = _("%(share)s per cent; they get nothing, to see what it is worth.") % {"share": share}
    chosen = chosen if share else _("Nobody; what it is worth will not be known.")
    missing = _("Choose how many are held out; nobody is a choice too.")
    yield _given(_("Who is held out is chosen"), share is not None, chosen, missing)
    yield _words_check(campaign)
    yield activation.sender_check(campaign.sender)
    yield from _switch_checks()


def _given(asked, value, found, missing):
    return ("ok", asked, found) if value else ("stop", asked, missing)


def _words_check(campaign):
    """Its words have no faults, and need nothing that a campaign does not know.

    What was frozen had no faults, whatever has been written since.
    """
    asked = _("The message can be sent")
    if not campaign.version and (errors := content.check(campaign.content)):
        return "stop", asked, " ".join(map(str, errors))
    if unknown := content.beyond_a_campaign(campaign.version or campaign.content):
        words = _("It speaks of what a person did, which a campaign does not know: %(fields)s. Take it out.")
        named = [f"{known.group}: {known.label} ({known.name})" for known in unknown]
        return "stop", asked, words % {"fields": "; ".join(named)}
    return "ok", asked, campaign_subject(campaign)


def _audience_checks(campaign):
    asked = _("It is for somebody")
    try:
        size = audience.size(campaign.audience)
    except audience.CannotRead as error:
        yield "stop", asked, str(error)
        return
    yield _given(asked, size, people_words(size), _("The audience is empty."))
    if problem := senders.bulk_problem(campaign.sender, size):
        yield "stop", _("The sender may write to so many"), problem
    if campaigning.needs_approval(campaign):
        yield "wait", _("A second person says yes"), _("It goes to more people than one may start alone.")


def people_words(size):
    """So many people, in words."""
    words = ngettext("%(count)s person", "%(count)s people", size)
    return words % {"count": number_format(size, force_grouping=True)}


def _switch_checks():
    switch = SendingSwitch.load()
    if switch.pilot:
        yield "wait", _("Pilot mode is on"), _("Nobody outside the pilot group receives anything.")
    if switch.held:
        yield "wait", _("All sending is held"), _("It will leave once the switch is released.")


def _hold_to(campaign):
    """Raise CannotStart with everything that speaks against it."""
    found = [words for tone, _asked, words in checks(campaign) if tone == "stop"]
    if found:
        raise CannotStart(" ".join(str(words) for words in found))


@transaction.atomic
def begin(campaign, *, at):
    """Begin a campaign as a draft; where no words are chosen it gets its own to write on."""
    if campaign.content_id is None:
        campaign.content = editing.first_words(campaign)
    campaign.created_at = at
    campaign.save()
    return campaign


@transaction.atomic
def save_draft(campaign, *, at, by=None):
    """Keep what was written. Whoever changes it answers for it, and does not approve it."""
    _locked(campaign, {Status.DRAFT})
    if campaign.content_id is None:
        campaign.content = editing.first_words(campaign)
    campaign.created_by = by or campaign.created_by
    campaign.save()
    return campaign


@transaction.atomic
def own_words(campaign, *, at, by=None):
    """Give a draft words of its own, to begin with a copy of those it has; once."""
    campaign = _locked(campaign, {Status.DRAFT})
    _give_own_words(campaign)
    return campaign


def _give_own_words(campaign):
    if not editing.owns_words(campaign):
        campaign.content = editing.copy_of(campaign.content, name=campaign.name)
        campaign.save(update_fields=["content"])


@transaction.atomic
def save_words(campaign, words, *, at, by=None):
    """Keep the words that were written for a draft, which are its own; raises CannotStart."""
    campaign = _locked(campaign, {Status.DRAFT})
    if words.pk != campaign.content_id or not editing.owns_words(campaign):
        raise CannotStart(_("These words are not its own: others send them, too."))
    words.save()
    campaign.created_by = by or campaign.created_by
    campaign.save(update_fields=["created_by"])


@transaction.atomic
def submit(campaign, *, at, by=None):
    """Freeze its words and put it on the clock, or before a second person where it goes to many.

    Without a moment it leaves at once. Whoever submits it does not approve it. Raises CannotStart.
    A draft that others send, too, is copied: what a row sends changes only when it is published there.
    """
    campaign = _locked(campaign, {Status.DRAFT})
    _hold_to(campaign)
    if content.differs(campaign.content):
        _give_own_words(campaign)
    try:
        campaign.version = content.freeze(campaign.content, at=at, by=by)
    except content.CannotFreeze as error:
        raise CannotStart(str(error)) from error
    campaign.send_at = max(campaign.send_at or at, at)
    campaign.created_by = by or campaign.created_by
    campaign.status = Status.WAITING if campaigning.needs_approval(campaign) else Status.SCHEDULED
    campaign.save(update_fields=["version", "send_at", "created_by", "status"])
    return campaign


@transaction.atomic
def approve(campaign, *, at, by):
    """The second yes: by anyone but the one who made it. Raises CannotStart."""
    campaign = _locked(campaign, {Status.WAITING})
    if by is None or by.pk == campaign.created_by_id:
        raise CannotStart(_("Somebody else must say yes to it: whoever made a campaign does not approve it."))
    _hold_to(campaign)
    campaign.approved_by, campaign.approved_at = by, at
    campaign.send_at, campaign.status = max(campaign.send_at, at), Status.SCHEDULED
    campaign.save(update_fields=["approved_by", "approved_at", "send_at", "status"])
    return campaign


@transaction.atomic
def take_back(campaign, *, at, by=None):
    """Make it a draft again, as long as nothing of it is planned; a yes said to it is gone."""
    campaign = _locked(campaign, {Status.WAITING, Status.SCHEDULED})
    campaign.status, campaign.version = Status.DRAFT, None
    campaign.approved_by, campaign.approved_at = None, None
    campaign.save(update_fields=["status", "version", "approved_by", "approved_at"])
    return campaign


# Under way -------------------------------------------------------------------------------------------


@transaction.atomic
def pause(campaign, *, at, by=None):
    """Let nothing more of it leave; what is planned waits."""
    campaign = _locked(campaign, {Status.PLANNING, Status.SENDING})
    campaign.status, campaign.pause, campaign.pause_detail = Status.PAUSED, Pause.PERSON, str(by or "")[:200]
    campaign.save(update_fields=["status", "pause", "pause_detail"])
    return campaign


@transaction.atomic
def resume(campaign, *, at, by=None):
    """Go on after a pause. The breakers count anew: whoever lets it go on has seen what was wrong."""
    campaign = _locked(campaign, {Status.PAUSED})
    is_planned = campaign.position >= campaign.until_contact
    campaign.status = Status.SENDING if is_planned else Status.PLANNING
    campaign.pause, campaign.pause_detail, campaign.counted_since = "", "", at
    campaign.save(update_fields=["status", "pause", "pause_detail", "counted_since"])
    campaigning.bring_forward(campaign.pk, at)
    return campaign


@transaction.atomic
def cancel(campaign, *, at, by=None):
    """Call it off for good. What has left has left; what is planned ends."""
    campaign = _locked(campaign, MAY_BE_CALLED_OFF)
    campaign.status, campaign.finished_at = Status.CANCELLED, at
    campaign.save(update_fields=["status", "finished_at"])
    campaigning.call_off(campaign.pk, at)
    return campaign


@transaction.atomic
def retry(campaign, *, at, by=None):
    """Plan again what did not leave and still may; returns how many. A second click finds nothing to do."""
    campaign = _locked(campaign, MAY_RETRY)
    count = _change(campaign, RETRIABLE, _AGAIN, at)
    if count:
        _reopen(campaign, at)
    return count


def count_retriable(campaign):
    """How many a retry would plan again."""
    sql = f"SELECT count(*) FROM campaigns_delivery d WHERE d.campaign_id = %s AND ({RETRIABLE})"
    with connection.cursor() as cursor:
        cursor.execute(sql, [campaign.pk])
        return cursor.fetchone()[0]


@transaction.atomic
def settle_parked(campaign, *, sent, at, by):
    """A person says of all that nobody knows of: they arrived, or shall go again; returns how many."""
    campaign = _locked(campaign, MAY_RETRY | {Status.CANCELLED})
    if campaign.status == Status.CANCELLED and not sent:
        raise CannotStart(_("It was called off; nothing of it goes again."))
    count = _change(campaign, "d.status = 'parked'", _SENT if sent else _AGAIN, at, by)
    if count and not sent:
        _reopen(campaign, at)
    return count


@transaction.atomic
def settle_one(delivery, *, sent, at, by):
    """A person says it of one delivery, be it a campaign's or not; raises settling.CannotSettle."""
    if delivery.campaign_id and not sent:
        _reopen(Campaign.objects.select_for_update(no_key=True).get(pk=delivery.campaign_id), at)
    return settling.settle_by_hand(delivery, sent=sent, by=by, at=at)


def _reopen(campaign, at):
    campaign.counted_since = at
    if campaign.status == Status.FINISHED:
        campaign.status, campaign.finished_at = Status.SENDING, None
    campaign.save(update_fields=["status", "finished_at", "counted_since"])


def _change(campaign, which, change, at, by=""):
    with connection.cursor() as cursor:
        values = {"campaign": campaign.pk, "at": at, "by": str(by)[:300]}
        cursor.execute(_CHANGE.format(which=which, change=change), values)
        return cursor.rowcount


def _locked(campaign, allowed):
    """The campaign as it is now, held until this act is done; raises CannotStart in any other state."""
    related = ("sender", "content", "topic", "version")
    rows = Campaign.objects.select_for_update(of=("self",), no_key=True).select_related(*related)
    campaign = rows.get(pk=campaign.pk)
    if campaign.status not in allowed:
        state = {"state": str(campaign.get_status_display()).lower()}
        raise CannotStart(_("It is too late for that, or too early: its state is “%(state)s”.") % state)
    return campaign
