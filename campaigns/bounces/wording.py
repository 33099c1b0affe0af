"""How mail servers say why, in the order in which it is looked for: who says the first of these means it.

Written for a text in which `@` stands for every address and links are cut to their host.
"""

WORDING = [
    (
        "expired",
        [
            "could not (?:be )?deliver(?:ed)? for",
            "envelope expired",
            "message expired",
            "retry timeout exceeded$",
        ],
    ),
    (
        "server",
        [
            "procmail",
            r"pipe to \|",
            "couldn't create",
            "contact ldap",
            r"gr[ea]y[ -]?list",
            "unverified address",
            "mailer error",
            "internal (?:system |server )?error",
            "service (?:is )?(?:currently |temporarily )unavailable",
        ],
    ),
    (
        "virus",
        [
            "virus",
            "infected",
            "malware",
            "trojan",
        ],
    ),
    (
        "authentication",
        [
            r"\bspf\b",
            r"\bdkim check",
            r"\bdmarc\b",
            r"sender id\b",
            "unauthenticated",
            "authentication (?:check|fail|requ)",
            "smtp authentication",
        ],
    ),
    (
        "no_name",
        [
            "reverse dns",
            r"\bptr\b",
            r"\brdns\b",
            "unverifyable",
            "unverifiable sending",
            "valid sender domain",
            "reverse host ?name",
        ],
    ),
    (
        "relaying",
        [
            "relay(?:ing)? (?:is )?(?:access )?(?:denied|not (?:permitted|allowed))",
            "unable to relay",
            "(?:not|no) (?:permitted |configured |allowed )?(?:to )?relay",
        ],
    ),
    (
        "no_mail",
        [
            "null ?mx",
            "no smtp service$",
            "(?:does(?:n't| not)|never) (?:accept|receive) (?:any )?e?-?mail",
            "no mx (?:record|or)",
            "(?:couldn't|could not) find a mail exchanger",
            "mx or srv record indicated no",
        ],
    ),
    (
        "no_domain",
        [
            "account or domain may not exist",
            "domain is not reachable",
        ],
    ),
    (
        "disabled",
        [
            r"(?:account|mailbox|user|compte|recipient address)\b.{0,40}"
            r"(?:disabled|suspended|inactive|deactivat|locked|blocked|bloqu|frozen|discontinued|\bon hold)",
            "(?:disabled|inactive) (?:recipient|user|account|mailbox)",
        ],
    ),
    (
        "full",
        [
            "quota",
            "mailbox (?:is )?full",
            "mail ?(?:box|folder) is full",
            "mailbox full",
            "insufficient (?:disk|system)",
            "not enough (?:disk )?(?:space|storage)",
            "out of storage",
            "exceeded the local limit",
            "boite.{0,20}pleine",
            r"voll\b.{0,20}postfach",
            "postfach.{0,20}voll",
        ],
    ),
    # How Microsoft says that an organisation has nobody of that name.
    (
        "no_user",
        [
            "recipient address rejected: access denied",
        ],
    ),
    (
        "refused",
        [
            "sender (?:address )?(?:was )?rejected",
            r"sender address\b.{0,80}(?:not exist|invalid)",
            r"valid from\b",
            "mailfrom domain",
            "purported responsible",
            "client host rejected",
            "not (?:a )?member",
            r"groups\.google\.com",
            "host network not allowed",
            "sending this from a different address",
            "delivery not authori[sz]ed",
            "not authori[sz]ed to (?:send|post)",
        ],
    ),
    (
        "too_fast",
        [
            "too many (?!hops)",
            "rate[ -]?limit",
            "throttl",
            "frequency limited",
            "unexpected volume",
        ],
    ),
    (
        "spam",
        [
            r"\bspam\b",
            "junk mail",
            "unsolicited",
            "bulk mail",
            r"\bube\b",
            r"\buce\b",
            "unwanted message",
            "message content rejected",
            "suspicious",
        ],
    ),
    (
        "blocked",
        [
            "block(?:ed| ?list)",
            "black ?list",
            "deny ?list",
            r"\brbl\b",
            "dnsbl",
            "uribl",
            "spamhaus",
            "spamcop",
            "sorbs",
            "reputation",
            "complaints",
            "banned",
            "service refus",
            "connections? not accepted",
            "not accepting connections",
            "use the smtp server",
            "open relay",
            "access from mail server",
        ],
    ),
    (
        "content",
        [
            "duplicate header",
            "header error",
            "headers? too large",
            "multiple addresses in",
            "media error",
            "bad attachment",
        ],
    ),
    (
        "too_big",
        [
            r"(?:message|mail|e-?mail)\b.{0,30}(?:too (?:big|large)|size (?:exceeds|limit))",
            r"exceeds.{0,30}\bsize",
        ],
    ),
    (
        "filtered",
        [
            "message filtered",
            "recipient preferences",
            "recipients? (?:was|were) rejected",
        ],
    ),
    (
        "moved",
        [
            "has moved",
            "moved permanently",
            "no longer (?:at|on|with|works|valid|employed)",
            "not our user",
        ],
    ),
    (
        "no_user",
        [
            r"(?:user|recipient|mailbox|address|account|alias|person|recipient name|login)s?\b.{0,24}"
            r"(?:unknown|(?:not|n't) (?:be )?(?:found|exist|known|listed|recogni[sz]ed)|does ?n[o']t exist)",
            "(?:unknown|invalid|illegal|no such|no valid|nonexistent|bad destination) "
            "(?:or illegal )?(?:final delivery )?"
            "(?:user|local|mailbox|address|recipient|account|alias|person|name)",
            "doesn't have an? .{0,40}account",
            "not a (?:valid|registered).{0,20}(?:mailbox|recipient|user)",
            "no mailbox",
            "unrouteable address",
            "recipname",
            "recip(?:ient)?notfound",
            "destinataire.{0,20}invalide",
            "mailbox (?:is )?unavailable",
            "possibly incorrect",
            "email account that you tried to reach does not",
            r"(?:empf(?:ae|ä)nger|adress\w+).{0,20}(?:unbekannt|existiert nicht)",
            "utilisateur inconnu",
            "usuario desconocido",
        ],
    ),
    (
        "network",
        [
            "not found, try again",
            "lookup failure",
            "hop count",
            "mail(?:ing)? loop",
            "routing loop",
            "too many hops",
            "timed out",
            "connection (?:refused|reset|timed|lost)",
            "lost connection",
            "not responding",
            "unable to connect",
            "wasn't able to establish",
            "did not accept our requests",
            "after multiple retries",
            "host not reachable",
        ],
    ),
    (
        "no_domain",
        [
            r"(?:host|domain)\b.{0,24}"
            r"(?:unknown|not (?:found|exist|reachable)|doesn?'?t exist|is not reachable|does not exist)",
            "no such (?:host|domain)",
            "(?:unknown|illegal|invalid|bad destination) (?:host|domain|system)",
            "(?:couldn't|could not) find any host",
            "bad destination system",
            r"[\w-]+\.[a-z]{2,10} does not exist",
            "nxdomain",
        ],
    ),
    (
        "content",
        [
            "content rejected",
            "messages? (?:was |were )?(?:blocked|rejected) because",
        ],
    ),
    (
        "refused",
        [
            "polic(?:y|ies)",
            "access denied",
            "not accepted",
            "not allowed",
            "denied",
            "message rejected",
            "mail rejet",
            r"\d\d\d[ -]rejected",
            "^rejected",
        ],
    ),
    (
        "expired",
        [
            "expired",
            "has been delayed",
            "not (?:yet )?been delivered",
            "been in the queue too long",
            "not delivered within",
            "warning message only",
            "still undelivered",
        ],
    ),
    (
        "server",
        [
            "try again",
            "temporar(?:y|ily)",
        ],
    ),
]
