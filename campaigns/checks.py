"""What `manage.py check` says of the settings that sending depends on."""

import stat
from pathlib import Path

from django.conf import settings
from django.core.checks import Error, Tags, Warning, register

# How long a worker may wait for a mail server: to be reached, and for its answer.
WAITS = 2


def register_all():
    register(check_times, Tags.compatibility)
    register(check_keys, Tags.compatibility)
    register(check_look_up, Tags.compatibility)
    register(check_journal, Tags.compatibility)


def check_times(app_configs, **options):
    """A lease must outlast all that a worker may wait for, or two would send the same message."""
    timeout = settings.EMAIL_TIMEOUT
    if not timeout or timeout <= 0:
        words = "EMAIL_TIMEOUT must be a number of seconds, or a silent mail server holds a worker for ever."
        return [Error(words, id="campaigns.E001")]
    least = 3 * WAITS * timeout
    if least < settings.SENDING_LEASE:
        return []
    words = f"SENDING_LEASE is {settings.SENDING_LEASE:g} s and must be more than {least:g} s."
    hint = "It is three times what connecting and waiting for an answer may take, EMAIL_TIMEOUT each."
    return [Error(words, hint=hint, id="campaigns.E002")]


def check_keys(app_configs, **options):
    """The keys that sign mail are for this account's eyes alone."""
    folder = Path(settings.DKIM_DIR)
    try:
        found = [path for path in (folder, *folder.glob("*.pem")) if is_open(path)]
    except OSError:
        return []
    hint = f"chmod 700 {folder}; chmod 600 {folder}/*.pem"
    return [Warning(f"{path} can be read by others.", hint=hint, id="campaigns.W001") for path in found]


def is_open(path):
    return path.exists() and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def check_look_up(app_configs, **options):
    """Where the mail server can be asked must be an address that can be asked."""
    url = settings.MAIL_LOOKUP_URL
    if not url or url.startswith(("http://", "https://")):
        return []
    return [Error("MAIL_LOOKUP_URL must begin with http:// or https://.", id="campaigns.E003")]


def check_journal(app_configs, **options):
    """Without a journal nobody notices that a backup was restored, and what came after it is forgotten."""
    if settings.JOURNAL_DIR or not settings.PRODUCTION:
        return []
    words = "JOURNAL_DIR is empty: after a backup is restored, opt-outs and messages since are forgotten."
    return [Warning(words, hint="See docs/restoring.md.", id="campaigns.W002")]
