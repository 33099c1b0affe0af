"""The checks that prove whose a message is: SPF, DKIM, DMARC, and that they speak of the same domain."""

from django.utils.translation import gettext as _

from campaigns import dkim
from campaigns.domains import dmarc, keys, spf
from campaigns.domains.findings import FAIL, OK, WARN, Finding
from campaigns.domains.records import NoSuchDomain

# SPF -------------------------------------------------------------------------------------------------


def look_at_spf(subject, records):
    """Which servers may send for the domain that bounces come back to."""
    domain = subject.return_domain
    try:
        texts = spf.records_of(domain, records)
    except NoSuchDomain:
        words = _(
            "The domain %(domain)s does not exist yet. One below a domain of yours begins to with the first"
            " record published there."
        )
        return missing_spf(subject, words % {"domain": domain})
    if not texts:
        return missing_spf(subject)
    if len(texts) > 1:
        words = _("There are %(count)d SPF records; mailboxes then believe none. Join them into one.")
        return Finding(FAIL, words % {"count": len(texts)}, "\n".join(texts))
    try:
        found = spf.walk(domain, texts[0], records)
    except spf.SpfError as error:
        return Finding(FAIL, str(error), texts[0])
    return judged_spf(found, texts[0], domain)


def judged_spf(found, text, domain):
    """What a record that can be read to its end is worth."""
    counted = _("It takes %(count)d of the 10 look-ups allowed.") % {"count": found.lookups}
    stricter = (domain, "TXT", spf.ended(text))
    if found.ending == "+":
        return Finding(FAIL, _("It ends in “+all”: anybody may send for the domain."), text, stricter)
    if found.ending in ("?", ""):
        return Finding(WARN, _("It does not say what others may do. End it in “~all”."), text, stricter)
    if found.uses_ptr:
        return Finding(WARN, _("It uses “ptr”, which mailboxes are told to pass over. %s") % counted, text)
    if found.void:
        words = _("%(count)d of its names lead nowhere. Take them out.") % {"count": found.void}
        return Finding(WARN, f"{words} {counted}", text)
    return Finding(OK, _("The servers that may send are named. %s") % counted, text)


def missing_spf(subject, absent=""):
    """No record: a fault where the domain's own servers send or it is `absent`, else a gap."""
    value = spf.suggestion(subject.sender.provider)
    record = (subject.return_domain, "TXT", value)
    fill = spf.fill_of(value, subject.return_domain)
    if absent:
        return Finding(FAIL, absent, "", record, fill)
    if subject.is_smtp or subject.sender.return_domain:
        words = _("%(domain)s does not say which servers may send for it.")
        return Finding(FAIL, words % {"domain": subject.return_domain}, "", record, fill)
    words = _(
        "%(domain)s does not say which servers may send for it. Mail that %(provider)s sends comes back to a"
        " domain of its own and is judged by that one; a record here still keeps others from using yours."
    )
    return Finding(WARN, words % {"domain": subject.domain, "provider": subject.provider}, "", record, fill)


# DKIM ------------------------------------------------------------------------------------------------


def look_at_dkim(subject, records):
    """Whether mail is signed, and the public half of the key is where mailboxes look for it."""
    if not subject.selector:
        return without_selector(subject)
    if subject.is_smtp and subject.key is None:
        words = _(
            "There is no key for the selector “%(selector)s” on this server, so that mail leaves unsigned."
        )
        return Finding(FAIL, words % {"selector": subject.selector})
    name = dkim.record_name(subject.domain, subject.selector)
    texts = keys.records_of(name, records)
    wanted = (name, "TXT", dkim.record(subject.key)) if subject.is_smtp else None
    if not texts:
        return Finding(FAIL, unpublished_key(subject), "", wanted)
    if len(texts) > 1:
        words = _("There are %(count)d records where one key should stand. Keep one.")
        return Finding(FAIL, words % {"count": len(texts)}, "\n".join(texts), wanted)
    try:
        public = keys.read(texts[0])
    except keys.DkimError as error:
        return Finding(FAIL, str(error), texts[0], wanted)
    return judged_dkim(subject, public, texts[0], wanted)


def unpublished_key(subject):
    """What to do about a key that signs and that nobody can look up."""
    if not subject.is_smtp:
        return _("The public key is not published yet; mailboxes cannot prove a signature without it.")
    return _(
        "The key “%(selector)s” is made; every message is signed with it. Now publish its record: mailboxes"
        " cannot prove the signature without it. It is not published yet."
    ) % {"selector": subject.selector}


def without_selector(subject):
    if subject.is_smtp:
        return Finding(FAIL, _("Mail leaves unsigned. Make a key, and publish its record."))
    words = _(
        "%(provider)s signs the mail. Give the selector that it shows, and the record can be looked at."
    )
    return Finding(WARN, words % {"provider": subject.provider})


def judged_dkim(subject, public, text, wanted):
    """What a key that can be read is worth."""
    if subject.is_smtp and public.key != subject.key.public_key():
        return Finding(FAIL, _("Another key is published than the one that signs here."), text, wanted)
    if public.bits < keys.WEAK_BITS:
        words = _("The key has %(bits)d bits; mailboxes believe no key under 1024.")
        return Finding(FAIL, words % {"bits": public.bits}, text)
    if public.bits < dkim.KEY_BITS:
        words = _("The key has %(bits)d bits. Change to one of 2048.")
        return Finding(WARN, words % {"bits": public.bits}, text)
    if public.is_testing:
        words = _("The record says “t=y”, only testing. Take that out once signatures hold.")
        return Finding(WARN, words, text, wanted)
    words = _("The key of %(bits)d bits is published%(ours)s.")
    ours = _(", and is the one that signs here") if subject.is_smtp else ""
    return Finding(OK, words % {"bits": public.bits, "ours": ours}, text)


# DMARC and alignment ---------------------------------------------------------------------------------


def look_at_dmarc(subject, records):
    """What mailboxes are to do with mail that only pretends to come from the domain."""
    reports = f"dmarc@{subject.domain}"
    wanted = (f"_dmarc.{subject.domain}", "TXT", f"v=DMARC1; p=none; rua=mailto:{reports}")
    fill = _(
        "%(reports)s must be a mailbox that exists. Put another one there, or leave"
        " “; rua=mailto:%(reports)s” out: nobody is sent reports then."
    ) % {"reports": reports}
    try:
        policy = dmarc.policy_of(subject.domain, records)
    except dmarc.DmarcError as error:
        return Finding(FAIL, str(error), error.found, wanted, fill)
    if policy is None:
        words = _(
            "There is none. Gmail, Yahoo and Outlook take no bulk mail without; “p=none” is enough to begin."
        )
        return Finding(FAIL, words, "", wanted, fill)
    words = [dmarc.words_for(policy)]
    if policy.domain != subject.domain:
        words.append(_("It stands at %(domain)s and holds for this domain too.") % {"domain": policy.domain})
    if not policy.rua:
        words.append(_("It names no address for reports (rua); with one, forgers are seen."))
    return Finding(OK, " ".join(words), policy.text)


def look_at_alignment(subject, records):
    """DMARC counts a proof only when it is given for the domain people see."""
    try:
        policy = dmarc.policy_of(subject.domain, records)
    except dmarc.DmarcError:
        policy = None
    if not subject.is_smtp:
        return provider_alignment(subject)
    same = dmarc.is_aligned(
        subject.domain, subject.return_domain, records, strict=policy and policy.strict_spf
    )
    signs = bool(subject.selector) and subject.key is not None
    names = {"domain": subject.domain, "return_domain": subject.return_domain}
    if same and not exists(subject.return_domain, records):
        return alignment_to_come(signs, names)
    if signs and same:
        words = _(
            "The signature (%(domain)s) and the return address (%(return_domain)s) both belong to the domain"
            " that people see."
        )
        return Finding(OK, words % names)
    if signs:
        return signed_alone(dmarc.is_aligned(subject.domain, subject.return_domain, records), names)
    if same:
        words = _(
            "Only the return address (%(return_domain)s) proves it; forwarded mail loses that. Sign it too."
        )
        return Finding(WARN, words % names)
    words = _(
        "Nothing proves that mail is from %(domain)s: it is not signed, and comes back to %(return_domain)s."
    )
    return Finding(FAIL, words % names)


def signed_alone(is_strict, names):
    """Only the signature speaks for the domain: the return address is another's, or DMARC is strict."""
    why = _("the return address (%(return_domain)s) is another's, so that SPF proves nothing here.")
    strict = _(
        "the return address (%(return_domain)s) lies beside it, and DMARC (“aspf=s”) takes only the same."
    )
    words = _("The signature is for %(domain)s, which is what people see, and carries it alone: %(why)s")
    return Finding(OK, words % (names | {"why": (strict if is_strict else why) % names}))


def exists(domain, records):
    """Whether anything at all stands at or below this domain."""
    try:
        records.find(domain, "TXT")
    except NoSuchDomain:
        return False
    return True


def alignment_to_come(signs, names):
    """The return address belongs to the domain, but there is nothing yet that could prove it."""
    if signs:
        words = _(
            "The signature is for %(domain)s, which is what people see. The return address"
            " (%(return_domain)s) belongs to it too; by SPF that is not provable until it exists."
        )
        return Finding(OK, words % names)
    words = _(
        "Nothing proves that mail is from %(domain)s: it is not signed. The return address"
        " (%(return_domain)s) belongs to it; by SPF that is not provable until it exists."
    )
    return Finding(FAIL, words % names)


def provider_alignment(subject):
    if subject.selector:
        words = _(
            "%(provider)s signs for %(domain)s by the key above; in a message to yourself read “dkim=pass”."
        )
        return Finding(OK, words % {"provider": subject.provider, "domain": subject.domain})
    words = _(
        "Whether %(provider)s signs for %(domain)s, and not for a domain of its own, is set up there. In a"
        " message to yourself “dkim=pass” must name %(domain)s."
    )
    return Finding(WARN, words % {"provider": subject.provider, "domain": subject.domain})
