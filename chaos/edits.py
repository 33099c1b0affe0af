"""What may be taken out of the code, and which tests must notice: each guard of the road, one at a time.

The text to be replaced stands in its file exactly once; a test of this list says when it no longer does.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """One guard less: in this file, this text becomes that, and these tests must fail."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


GATE = ("tests/campaigns/test_gate.py",)
GATE_OF_RULES = ("tests/campaigns/test_gate_of_rules.py",)
SEQUENCES = ("tests/campaigns/test_sequences.py",)
PLANNING = ("tests/campaigns/test_planning.py",)
CLAIMING = ("tests/campaigns/test_claiming.py",)
SETTLING = ("tests/campaigns/test_settling.py",)
SENDING = ("tests/campaigns/test_sending.py",)
LINES = ("tests/campaigns/test_lines.py",)
LINKS = ("tests/campaigns/test_links.py",)
RETURN_PATHS = ("tests/campaigns/test_return_paths.py",)
BOUNCING = ("tests/campaigns/test_bouncing.py",)
NOTICING = ("tests/campaigns/test_noticing.py",)
CONSENTING = ("tests/contacts/test_consenting.py",)
PACING = ("tests/campaigns/test_pacing.py",)
HOOKS = ("tests/campaigns/test_hooks.py", "tests/campaigns/test_forged_notices.py")
MACHINES = ("tests/campaigns/test_machines.py",)
BREAKING = ("tests/campaigns/test_breaking.py",)
CAMPAIGNING = ("tests/campaigns/test_campaigning.py",)
PUBLIC = ("tests/campaigns/test_public_views.py", "tests/campaigns/test_public_doors.py")
RESTORING = ("tests/campaigns/test_restoring.py",)
JOURNAL = ("tests/contacts/test_journal.py",)
ERASING = ("tests/contacts/test_erasing.py",)
PRIMARY = ("tests/campaigns/test_primary.py",)

EDITS = [
    # The gate.
    Edit(
        "gate: everything passes",
        "campaigns/deciding.py",
        "        if verdict := check(fact, at):\n            return verdict\n    return PASS",
        "        check(fact, at)\n    return PASS",
        GATE,
    ),
    Edit(
        "gate: consent is not read",
        "campaigns/deciding.py",
        "    if fact.topic_id is None or fact.consent == Consent.Action.GIVEN:",
        "    if True:",
        GATE,
    ),
    Edit(
        "gate: suppression is not read",
        "campaigns/deciding.py",
        "    if fact.suppression:",
        "    if False:",
        GATE,
    ),
    Edit(
        "gate: a reminder goes out after an answer",
        "campaigns/deciding.py",
        "    if fact.holds is not False:\n",
        "    if True:\n",
        GATE,
    ),
    Edit(
        "gate: the cap overlooks what is just being sent",
        "campaigns/gate.py",
        "AND heard.status IN ('sending', 'sent', 'unknown', 'parked')",
        "AND heard.status IN ('sent', 'parked')",
        GATE + SENDING,
    ),
    Edit(
        "gate: two of one person in one window",
        "campaigns/gate.py",
        "lines[next(turns[delivery.contact_id]), delivery.sender_id]",
        "lines[0, delivery.sender_id]",
        GATE,
    ),
    Edit(
        "gate: the window of a sender is ignored",
        "campaigns/gate.py",
        "        size = sizes[sender_id]\n",
        "        size = len(line)\n",
        GATE,
    ),
    Edit(
        "gate: a paused campaign goes on",
        "campaigns/deciding.py",
        "    if fact.campaign_status == Campaign.Status.PAUSED:",
        "    if False:",
        GATE,
    ),
    Edit(
        "gate: the pilot group is not asked for",
        "campaigns/deciding.py",
        "return Verdict(Status.SKIPPED, Reason.PILOT) if fact.is_outside_pilot else None",
        "return None",
        GATE,
    ),
    Edit(
        "gate: nobody is held out",
        "campaigns/deciding.py",
        "    if is_control(experiment, fact.contact_id, fact.control_share):",
        "    if False:",
        GATE,
    ),
    # The lock.
    Edit(
        "lock: the gate does not lock contacts",
        "campaigns/gate.py",
        ', asked, first=lock_sql("locked"))',
        ", asked)",
        GATE,
    ),
    Edit(
        "lock: a withdrawal does not lock its contact",
        "contacts/consenting.py",
        "    lock_contacts([contact.pk])\n    newest",
        "    newest",
        CONSENTING,
    ),
    Edit(
        "lock: a suppression does not lock whose address it is",
        "contacts/suppressing.py",
        "    address = normalise_email(address)\n    _lock_holders(channel, address)\n    wanted",
        "    address = normalise_email(address)\n    wanted",
        GATE,
    ),
    Edit(
        "lock: two workers claim the same",
        "campaigns/claiming.py",
        "ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED",
        "ORDER BY due_at, id LIMIT %(limit)s",
        CLAIMING,
    ),
    Edit(
        "lock: two workers take the last place of a minute",
        "campaigns/pacing.py",
        'ORDER BY p.sender_id, p.domain FOR UPDATE OF p\n"""\n_WRITE',
        'ORDER BY p.sender_id, p.domain\n"""\n_WRITE',
        PACING,
    ),
    # What the strategy's own are asked.
    Edit(
        "gate: whom a rule is for is not asked again",
        "campaigns/deciding.py",
        "    if fact.is_outside_audience:\n",
        "    if False:\n",
        GATE_OF_RULES,
    ),
    Edit(
        "gate: how often a person wishes is not minded",
        "campaigns/deciding.py",
        "        or _capped(fact, fact.at_most, fact.heard_this_week, WEEK, Reason.OWN_CAP)\n",
        "",
        GATE_OF_RULES,
    ),
    Edit(
        "gate: panels count for the cap",
        "campaigns/gate.py",
        " AND heard.channel <> 'panel'",
        "",
        GATE_OF_RULES,
    ),
    Edit(
        "gate: a call needs no yes to calls",
        "campaigns/gate.py",
        "AND (said.channel = d.channel OR d.channel = 'panel' AND said.channel = 'email')",
        "AND (said.channel = d.channel OR said.channel = 'email')",
        GATE_OF_RULES,
    ),
    Edit(
        "gate: an outcome stops one medium only",
        "campaigns/gate.py",
        "bool_or(p.sending_at IS NOT NULL AND (p.outcome_at",
        "bool_or(p.id = d.parent_id AND (p.outcome_at",
        GATE_OF_RULES,
    ),
    Edit(
        "sequence: an outcome leaves the rest as planned",
        "campaigns/responding.py",
        "    sequences.stop(episodes, at=at)\n",
        "",
        SEQUENCES,
    ),
    Edit(
        "claim: panels and calls are claimed like mail",
        "campaigns/claiming.py",
        "WHERE status = 'planned' AND channel = 'email' AND due_at <= %(at)s\n      AND (due_at, id)",
        "WHERE status = 'planned' AND due_at <= %(at)s\n      AND (due_at, id)",
        GATE_OF_RULES,
    ),
    # The unique key.
    Edit(
        "key: the database lets a key in twice",
        "campaigns/migrations/0021_one_index_for_the_key.py",
        "RENAME CONSTRAINT {OLD} TO {NEW};\nDROP",
        "DROP CONSTRAINT {OLD};\nDROP",
        PLANNING,
    ),
    Edit(
        "key: every planning makes a key of its own",
        "campaigns/planning.py",
        "_ONCE = \"'r' || r.id || ':s' || s.key || ':' || o.contact_id\"",
        "_ONCE = \"'r' || r.id || ':s' || s.key || ':' || o.contact_id || ':' || gen_random_uuid()\"",
        PLANNING,
    ),
    Edit(
        "key: two of one key are an error",
        "campaigns/planning.py",
        "ORDER BY new.contact_id, new.occurred_at, new.occurrence\nON CONFLICT (occurrence_key) DO NOTHING",
        "ORDER BY new.contact_id, new.occurred_at, new.occurrence",
        PLANNING,
    ),
    # The durable mark.
    Edit(
        "mark: it ends with somebody else's transaction",
        "campaigns/gate.py",
        "    with transaction.atomic(durable=True):\n        contacts",
        "    with transaction.atomic():\n        contacts",
        GATE,
    ),
    Edit(
        "mark: nobody waits until it is on disk",
        "campaigns/gate.py",
        "replace(current_setting('synchronous_commit'), 'off', 'on')",
        "'off'",
        GATE,
    ),
    # Signatures.
    Edit(
        "signature: links are not checked",
        "contacts/signing.py",
        "if not any(known) or _text(raw) != token:",
        "if _text(raw) != token:",
        LINKS,
    ),
    Edit(
        "signature: a link holds for any purpose",
        "contacts/signing.py",
        'f"rapport:{purpose}:{key}"',
        'f"rapport:{key}"',
        LINKS,
    ),
    Edit(
        "signature: return paths are not checked",
        "campaigns/return_paths.py",
        "if known and one_spelling else None",
        "if one_spelling else None",
        RETURN_PATHS,
    ),
    Edit(
        "signature: a forged report is believed",
        "campaigns/bouncing.py",
        "WHERE n.address = ANY(%(addresses)s) AND n.is_trusted",
        "WHERE n.address = ANY(%(addresses)s)",
        BOUNCING,
    ),
    Edit(
        "signature: what could be forged is folded",
        "campaigns/folding.py",
        "    trusted = [notice for notice in notices if notice.is_trusted]\n",
        "    trusted = list(notices)\n",
        NOTICING + HOOKS,
    ),
    Edit(
        "signature: a provider's is not checked",
        "campaigns/hooks.py",
        "        if not is_signed(request, provider):\n",
        "        if False:\n",
        HOOKS,
    ),
    Edit(
        "signature: the door for notices asks for no secret",
        "campaigns/hooks.py",
        "return len(ours) >= SHORTEST_SECRET and constant_time_compare(secret, ours)",
        "return True",
        HOOKS,
    ),
    # The lease.
    Edit(
        "lease: it never ends",
        "campaigns/settling.py",
        "_LEASE_OVER = \"d.status = '{status}' AND d.lease_until < clock_timestamp()\"",
        "_LEASE_OVER = \"d.status = '{status}' AND false\"",
        SETTLING,
    ),
    Edit(
        "lease: it ends by the clock of the application",
        "campaigns/settling.py",
        "_LEASE_OVER = \"d.status = '{status}' AND d.lease_until < clock_timestamp()\"",
        "_LEASE_OVER = \"d.status = '{status}' AND d.lease_until < %(at)s\"",
        SETTLING,
    ),
    Edit(
        "lease: the gate lets through who has lost it",
        "campaigns/gate.py",
        " AND d.owner = %(owner)s AND d.lease_until > clock_timestamp()\n",
        " AND d.owner = %(owner)s\n",
        GATE,
    ),
    Edit(
        "lease: a worker records what another has in hand",
        "campaigns/recording.py",
        "WHERE d.id = v.id AND d.id = ANY(%(ids)s) AND d.owner = %(owner)s\n",
        "WHERE d.id = v.id AND d.id = ANY(%(ids)s)\n",
        LINES,
    ),
    # What is in doubt, late or refused.
    Edit(
        "doubt: marketing of unknown outcome is repeated",
        "campaigns/settling.py",
        '_WORTH_REPEATING = "d.rank = 0 AND d.attempts < 2"',
        '_WORTH_REPEATING = "d.attempts < 2"',
        SETTLING,
    ),
    Edit(
        "late: who passed the gate long ago leaves all the same",
        "campaigns/sending.py",
        "if monotonic() - passed_at > LATE or message.recipient",
        "if message.recipient",
        SENDING,
    ),
    Edit(
        "late: the last byte leaves after its time",
        "campaigns/channels/smtp.py",
        "        if monotonic() > deadline:\n",
        "        if False:\n",
        LINES + SENDING,
    ),
    Edit(
        "doubt: a key is trusted after the provider forgot it",
        "campaigns/settling.py",
        " AND d.first_sending_at > %(at)s - key.lasts",
        "",
        LINES,
    ),
    Edit(
        "bounce: an address that does not exist is used again",
        "campaigns/bouncing.py",
        "FROM fresh WHERE kind IN ('hard', 'complaint') OR",
        "FROM fresh WHERE kind IN ('complaint') OR",
        BOUNCING,
    ),
    Edit(
        "notices: the word that came last counts",
        "campaigns/folding.py",
        "gravest = min(told, key=lambda notice: (_gravity(notice.kind), notice.at, notice.external_id))",
        "gravest = max(told, key=lambda notice: notice.pk)",
        NOTICING,
    ),
    Edit(
        "machines: whatever follows a link is a person",
        "campaigns/machines.py",
        "    return found or PERSON",
        "    return PERSON",
        MACHINES,
    ),
    Edit(
        "machines: a scanner's click breaks a silence",
        "campaigns/planning.py",
        "          AND answer.made_by = 'person'\n",
        "",
        MACHINES,
    ),
    Edit(
        "stop: reading the page is enough",
        "campaigns/public_views.py",
        'if request.method != "POST":\n        return render(request, "campaigns/public/stop.html"',
        'if False:\n        return render(request, "campaigns/public/stop.html"',
        PUBLIC,
    ),
    Edit(
        "breaker: it never trips",
        "campaigns/breaking.py",
        "        return whole >= self.least and (share > limit if self.beyond else share >= limit)",
        "        return False",
        BREAKING,
    ),
    Edit(
        "journal: an old copy of the database sends",
        "campaigns/sending.py",
        "restoring.is_restored(at) or ",
        "",
        RESTORING,
    ),
    Edit(
        "journal: an act is written before it is committed",
        "contacts/journal.py",
        "transaction.on_commit(partial(write, [entry]), robust=True)",
        "write([entry])",
        JOURNAL,
    ),
    Edit(
        "journal: what passed the gate is not written down",
        "campaigns/sending.py",
        "        remembering.note_passed([deliveries[pk] for pk in passed], run.at)\n",
        "",
        RESTORING,
    ),
    Edit(
        "erasing: the address may be used again",
        "contacts/erasing.py",
        "    _keep_back(addresses, at, by)\n    erasure",
        "    erasure",
        ERASING,
    ),
    Edit(
        "lock: two planners of a campaign count at once",
        "campaigns/campaigning.py",
        "Campaign.objects.to_plan(at).select_for_update(skip_locked=True, no_key=True)",
        "Campaign.objects.to_plan(at)",
        CAMPAIGNING,
    ),
    Edit(
        "pace: who asked to wait gets the rest of the batch",
        "campaigns/sending.py",
        "            if window := pacing.without_paused(window, deliveries, admitted):\n",
        "            if window:\n",
        PACING,
    ),
    Edit(
        "pace: a place that was not used is lost",
        "campaigns/sending.py",
        "        pacing.give_back(admitted, run.at)\n",
        "",
        PACING,
    ),
    Edit(
        "pace: a warm-up grows whatever comes back",
        "campaigns/warming.py",
        "if pace.day >= day or not was_used or is_held():",
        "if pace.day >= day or not was_used:",
        PACING,
    ),
    Edit(
        "pace: a pause that was asked for is not kept",
        "campaigns/queueing.py",
        "return self.pace.hold_until is not None and self.at < self.pace.hold_until",
        "return False",
        PACING,
    ),
    Edit(
        "primary: a sweep sends by what a replica says",
        "campaigns/sending.py",
        "@on_primary()\ndef send_over_one_line(",
        "def send_over_one_line(",
        PRIMARY,
    ),
    Edit(
        "primary: doubts are settled by what a replica says",
        "campaigns/settling.py",
        "@on_primary()\ndef settle(",
        "def settle(",
        PRIMARY,
    ),
]
