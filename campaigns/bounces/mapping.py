"""Why a message came back, and of which kind that is: what is then done depends on the kind alone.

Hard is said of the address for good; soft of the moment, or of nobody knows what; policy of us.
"""

from campaigns.models import Notice

Kind = Notice.Kind

# The reasons of this package.
KINDS = {
    # The address.
    "no_user": Kind.HARD,
    "no_domain": Kind.HARD,
    "no_mail": Kind.HARD,
    "moved": Kind.HARD,
    # The moment.
    "full": Kind.SOFT,
    "expired": Kind.SOFT,
    "network": Kind.SOFT,
    "server": Kind.SOFT,
    "disabled": Kind.SOFT,
    "too_big": Kind.SOFT,
    # "No such user", but said only after the whole message, or by nobody knows whom: filters say so too.
    "doubtful": Kind.SOFT,
    "filtered": Kind.SOFT,
    "unclear": Kind.SOFT,
    # The sender.
    "refused": Kind.POLICY,
    "blocked": Kind.POLICY,
    "spam": Kind.POLICY,
    "virus": Kind.POLICY,
    "content": Kind.POLICY,
    "authentication": Kind.POLICY,
    "no_name": Kind.POLICY,
    "relaying": Kind.POLICY,
    "too_fast": Kind.POLICY,
    # No bounce at all.
    "delivered": Kind.DELIVERED,
    "complained": Kind.COMPLAINT,
    "stopped": Kind.UNSUBSCRIBED,
    "away": Kind.VACATION,
    "replied": Kind.REPLIED,
    "report": Kind.OTHER,
    "unknown": Kind.OTHER,
}

# Those of the table that comes with the sample mails, in Sisimai's names, by which the share of right answers
# is counted. What the table calls a hard bounce is hard whatever its reason.
TABLE = {
    "userunknown": Kind.HARD,
    "hostunknown": Kind.HARD,
    "hasmoved": Kind.HARD,
    # Said by class 4, or else the table would call it hard.
    "notaccept": Kind.SOFT,
    "mailboxfull": Kind.SOFT,
    "expired": Kind.SOFT,
    "networkerror": Kind.SOFT,
    "systemerror": Kind.SOFT,
    "mailererror": Kind.SOFT,
    "syntaxerror": Kind.SOFT,
    "suspend": Kind.SOFT,
    "exceedlimit": Kind.SOFT,
    "mesgtoobig": Kind.SOFT,
    # The table's name for a refusal of the recipient after the message was handed over.
    "filtered": Kind.SOFT,
    "onhold": Kind.SOFT,
    "undefined": Kind.SOFT,
    "rejected": Kind.POLICY,
    "blocked": Kind.POLICY,
    "badreputation": Kind.POLICY,
    "policyviolation": Kind.POLICY,
    "spamdetected": Kind.POLICY,
    "virusdetected": Kind.POLICY,
    "contenterror": Kind.POLICY,
    "notcompliantrfc": Kind.POLICY,
    "authfailure": Kind.POLICY,
    "requireptr": Kind.POLICY,
    "norelaying": Kind.POLICY,
    "securityerror": Kind.POLICY,
    "toomanyconn": Kind.POLICY,
    "vacation": Kind.VACATION,
    "delivered": Kind.OTHER,
}
# Of feedback only what a person pressed is a complaint: a failed signature is a report to read, and a mail
# program that asks to stop is no complaint.
FEEDBACK = {
    "abuse": Kind.COMPLAINT,
    "fraud": Kind.COMPLAINT,
    "auth-failure": Kind.OTHER,
    "opt-out": Kind.OTHER,
}
# What is told apart in the table's six kinds.
SIX = {Kind.HARD, Kind.SOFT, Kind.POLICY, Kind.COMPLAINT, Kind.VACATION}


def kind_of(reason):
    """The kind of one of this package's reasons."""
    return KINDS[reason]


def expected_kind(reason, hardbounce, feedback_type):
    """The kind that a row of the table asks for."""
    if feedback_type:
        return FEEDBACK[feedback_type]
    return Kind.HARD if hardbounce == "true" else TABLE[reason]


def one_of_six(kind):
    """A kind as the table tells them apart: all that is none of its own is other."""
    return kind if kind in SIX else Kind.OTHER
