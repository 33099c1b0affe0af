"""Why a message came back, and of which kind that is: what is then done depends on the kind alone."""

from campaigns.models import Notice

Kind = Notice.Kind

# Ours: reason -> kind. Hard is said of the address for good, soft of the moment, policy of us.
KINDS = {
    "no_user": Kind.HARD,
    "no_domain": Kind.HARD,
    "no_mail": Kind.HARD,
    "moved": Kind.HARD,
    "full": Kind.SOFT,
    "expired": Kind.SOFT,
    "network": Kind.SOFT,
    "server": Kind.SOFT,
    "disabled": Kind.SOFT,
    "too_big": Kind.SOFT,
    "on_hold": Kind.SOFT,
    "filtered": Kind.SOFT,
    "refused": Kind.POLICY,
    "blocked": Kind.POLICY,
    "spam": Kind.POLICY,
    "virus": Kind.POLICY,
    "content": Kind.POLICY,
    "authentication": Kind.POLICY,
    "no_name": Kind.POLICY,
    "relaying": Kind.POLICY,
    "too_fast": Kind.POLICY,
    "unknown": Kind.OTHER,
}


def kind_of(reason):
    return KINDS[reason]
