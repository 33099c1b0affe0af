"""Worlds of DNS: a sender's domain with everything right, and each with one thing wrong."""

from cryptography.hazmat.primitives.asymmetric import rsa

from campaigns import dkim
from campaigns.domains.records import Unanswered

DOMAIN = "shop.example.com"
KEYS = {bits: rsa.generate_private_key(public_exponent=65537, key_size=bits) for bits in (1024, 2048)}
OURS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = dkim.public_text(OURS)
TIMEOUT = Unanswered("the name server did not answer in time")
SERVFAIL = Unanswered("the name server could not say (SERVFAIL)")
SPF = (f"bounces.{DOMAIN}", "TXT")
DKIM = (f"june._domainkey.{DOMAIN}", "TXT")
DMARC = (f"_dmarc.{DOMAIN}", "TXT")
MX = (f"bounces.{DOMAIN}", "MX")
RIGHT = {
    SPF: ["v=spf1 a:mail.example.com -all"],
    DKIM: [dkim.record(OURS)],
    DMARC: [f"v=DMARC1; p=quarantine; rua=mailto:dmarc@{DOMAIN}"],
    MX: ["10 mail.example.com"],
    ("mail.example.com", "A"): ["203.0.113.9"],
    ("9.113.0.203.in-addr.arpa", "PTR"): ["mail.example.com"],
}


def chain(length):
    """Includes that lead from one to the next."""
    rows = {
        (f"i{i}.example.net", "TXT"): [f"v=spf1 include:i{i + 1}.example.net ~all"] for i in range(length)
    }
    return rows | {(f"i{length}.example.net", "TXT"): ["v=spf1 ip4:198.51.100.1 ~all"]}


CASES = {
    # SPF
    "spf: nothing": ({SPF: None}, "fail", "does not say which servers"),
    "spf: no such domain": ({SPF: None, MX: None}, "fail", "does not exist"),
    "spf: no answer": ({SPF: TIMEOUT}, "unknown", "did not answer in time"),
    "spf: servfail": ({SPF: SERVFAIL}, "unknown", "SERVFAIL"),
    "spf: other texts only": ({SPF: ["google-site-verification=1", "v=spf10 all"]}, "fail", "not say"),
    "spf: other texts too": ({SPF: ["verify=1", "V=SPF1 ip4:203.0.113.0/24 -all"]}, "ok", "0 of the 10"),
    "spf: two": ({SPF: ["v=spf1 -all", "v=spf1 mx -all"]}, "fail", "2 SPF records"),
    "spf: softly closed": ({SPF: ["v=spf1 ip4:203.0.113.9 ~all"]}, "ok", ""),
    "spf: open": ({SPF: ["v=spf1 mx +all"]}, "fail", "anybody may send"),
    "spf: open without a sign": ({SPF: ["v=spf1 all"]}, "fail", "anybody may send"),
    "spf: neutral": ({SPF: ["v=spf1 a:mail.example.com ?all"]}, "warn", "what others may do"),
    "spf: no end": ({SPF: ["v=spf1 a:mail.example.com"]}, "warn", "what others may do"),
    "spf: nonsense": ({SPF: ["v=spf1 includes:example.net -all"]}, "fail", "includes:example.net"),
    "spf: include of nothing": ({SPF: ["v=spf1 include: -all"]}, "fail", "means nothing"),
    "spf: no address": ({SPF: ["v=spf1 ip4:203.0.113.999 -all"]}, "fail", "no address"),
    "spf: version 6 and a range": (
        {SPF: ["v=spf1 ip6:2001:db8::/32 a/24 mx//64 -all"]},
        "warn",
        "1 of its names",
    ),
    "spf: ten look-ups": (chain(9) | {SPF: ["v=spf1 include:i0.example.net -all"]}, "ok", "10 of the 10"),
    "spf: eleven": (chain(10) | {SPF: ["v=spf1 include:i0.example.net -all"]}, "fail", "more than 10"),
    "spf: a ring": ({SPF: [f"v=spf1 include:{SPF[0]} -all"]}, "fail", "more than 10"),
    "spf: an include without record": ({SPF: ["v=spf1 include:none.example.net -all"]}, "fail", "none."),
    "spf: an include unanswered": (
        {SPF: ["v=spf1 include:slow.example.net -all"], ("slow.example.net", "TXT"): TIMEOUT},
        "unknown",
        "in time",
    ),
    "spf: led on": (chain(0) | {SPF: ["v=spf1 redirect=i0.example.net"]}, "ok", "1 of the 10"),
    "spf: led on to nothing": ({SPF: ["v=spf1 redirect=none.example.net"]}, "fail", "0 SPF records"),
    "spf: one void": ({SPF: ["v=spf1 a:gone.example.net -all"]}, "warn", "1 of its names"),
    "spf: three void": (
        {SPF: ["v=spf1 a:g1.example.net mx:g2.example.net a:g3.example.net -all"]},
        "fail",
        "lead nowhere",
    ),
    "spf: ptr": ({SPF: ["v=spf1 ptr -all"]}, "warn", "ptr"),
    "spf: a macro": ({SPF: ["v=spf1 exists:%{i}.spf.example.net -all"]}, "ok", "1 of the 10"),
    "spf: too many mail servers": (
        {SPF: ["v=spf1 mx:big.example.net -all"], ("big.example.net", "MX"): [f"10 m{i}" for i in range(11)]},
        "fail",
        "more than 10 mail servers",
    ),
    # DKIM
    "dkim: nothing": ({DKIM: None}, "fail", "not published"),
    "dkim: no answer": ({DKIM: TIMEOUT}, "unknown", "in time"),
    "dkim: servfail": ({DKIM: SERVFAIL}, "unknown", "SERVFAIL"),
    "dkim: another key": ({DKIM: [dkim.record(KEYS[2048])]}, "fail", "Another key"),
    "dkim: taken back": ({DKIM: ["v=DKIM1; p="]}, "fail", "taken back"),
    "dkim: cut": ({DKIM: [dkim.record(OURS)[:200]]}, "fail", "cut"),
    "dkim: no key in it": ({DKIM: ["v=DKIM1; k=rsa"]}, "fail", "no key"),
    "dkim: of another version": ({DKIM: ["v=DKIM2; p=abc"]}, "fail", "v=DKIM1"),
    "dkim: of another kind": ({DKIM: ["v=DKIM1; k=ed25519; p=abc"]}, "fail", "ed25519"),
    "dkim: sha1 only": ({DKIM: [dkim.record(OURS) + "; h=sha1"]}, "fail", "SHA-256"),
    "dkim: not for mail": ({DKIM: [dkim.record(OURS) + "; s=web"]}, "fail", "not for mail"),
    "dkim: testing": ({DKIM: [dkim.record(OURS) + "; t=y:s"]}, "warn", "t=y"),
    "dkim: two": ({DKIM: [dkim.record(OURS), dkim.record(KEYS[2048])]}, "fail", "2 records"),
    "dkim: spaces, no version": ({DKIM: [f"k=rsa; p={PUBLIC[:90]} {PUBLIC[90:]}"]}, "ok", "2048 bits"),
    # DMARC
    "dmarc: nothing": ({DMARC: None}, "fail", "There is none"),
    "dmarc: no answer": ({DMARC: TIMEOUT}, "unknown", "in time"),
    "dmarc: none is enough": ({DMARC: ["v=DMARC1; p=none; rua=mailto:a@example.com"]}, "ok", "p=none"),
    "dmarc: no reports": ({DMARC: ["v=DMARC1;p=reject"]}, "ok", "no address for reports"),
    "dmarc: two": ({DMARC: ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "fail", "2 DMARC records"),
    "dmarc: no policy": ({DMARC: ["v=DMARC1; pct=100"]}, "fail", "names no policy"),
    "dmarc: not one": ({DMARC: ["v=DMARC2; p=none"]}, "fail", "There is none"),
    "dmarc: the organisation's": (
        {
            DMARC: None,
            ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject; sp=none; rua=mailto:a@example.com"],
        },
        "ok",
        "stands at example.com",
    ),
    "dmarc: above an own one": (
        {("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject"]},
        "ok",
        "with the junk",
    ),
    # Where it comes back
    "return: nothing": ({MX: None}, "fail", "No server takes mail"),
    "return: no answer": ({MX: TIMEOUT}, "unknown", "in time"),
    "return: an address only": ({MX: None, (MX[0], "A"): ["203.0.113.9"]}, "warn", "MX"),
    "return: says it takes none": ({MX: ["0"]}, "fail", "no mail at all"),
    "server: no name that leads back": ({("9.113.0.203.in-addr.arpa", "PTR"): None}, "warn", "PTR"),
    "server: a name that leads elsewhere": (
        {
            ("9.113.0.203.in-addr.arpa", "PTR"): ["other.example.net"],
            ("other.example.net", "A"): ["203.0.113.8"],
        },
        "warn",
        "PTR",
    ),
}
