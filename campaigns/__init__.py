"""What we say and when. The road of a delivery, a line a file:

triggers/      something has happened, or has not: which contacts does a rule's trigger hold for, at a moment?
planning.py    one INSERT … SELECT puts each occurrence into the ledger, once a step; what follows is planned
               from what was sent, and sequences.py stops the rest in every medium
campaigning.py a campaign's audience is put into the ledger chunk by chunk
claiming.py    a worker takes a batch of what is due, with a lease
pacing.py      no faster than the other side wants it: what finds no place comes again when there is one
               (queueing.py); a new sender's day allows a little more than the last (warming.py)
gate.py        may this be sent, now? consent, suppression, rule, outcome, hours, caps, control: asked last,
               decided by deciding.py from the facts alone
loading.py     the rows of a batch, and of what is borrowed from people only what their messages use
rendering.py   a frozen content version and one contact's merge values become a message
               (tracking.py leads its addresses over ours; compiled.py has a program for each version, which
               compiled_html.py and compiled_text.py make once and writing.py runs for every message)
sending.py     the message leaves over the worker's lines (lines.py), one provider a file in channels/
recording.py   what became of it is written down, and what a refusal says of the address
showing.py     a panel is not sent: a page asks for it (panel_views.py), and then it passes the gate
call_queue.py  who is to be called now; calling.py: a colleague takes a call through the gate and says what
               came of it (call_undoing.py takes that back), or puts it off (call_snoozing.py)
links.py       the signed addresses in a message: click, open, preferences, stop
doors.py       what is asked for at the links of messages is written down at once, and
hearing.py     told in sets (halving.py: one bad row holds up no other) as responses and touchpoints
responding.py  what people did becomes a touchpoint: unsubscribed, the outcome reached;
               machines.py tells who is no person, retelling.py who was none after all
hooks.py       the door for what providers post, verified (sns.py); receivers.py reads it with Anymail's help
noticing.py    what providers and mail servers said is kept, matched to its delivery, and folded (folding.py)
intake.py      what came back as mail is kept, read (bounces/), and believed where it shows an address of ours
               (return_paths.py)
bouncing.py    ... and held against the address, or against the sender
settling.py    what a crash left between "sending" and "sent" is settled by key, by evidence, or parked
breaking.py    a campaign that goes wrong pauses itself
content.py     Liquid and MJML are checked, compiled and frozen; liquid.py is the sandbox, runs.py writes
               its templates quickly, tokens.py keeps Liquid whole through the parsers of HTML, layout.py
               says what may stand where
explaining.py  why this, and why not

Around the words: merge_fields.py is the registry of what is borrowed from a person (recommending.py lends
what others saw and bought, feedback.py asks one question), panel_words.py says what may stand in a panel,
mime.py assembles the bytes, previewing.py shows a message before it is sent, activation.py what switching a
rule on would do, editing.py changes a row, and says whose words are whose; chosen.py shows the settings of
what is chosen in a form, form_sections.py parts a long one (rule_forms.py, of a row, with also_counted.py;
step_forms.py, of a step; forms.py, of words and campaigns); start_views.py starts a row by hand.

The table itself: strategy_table.py says what each row says and does now, rows.py reads, saves, copies and
orders whole rows, strategy_history.py tells what they were, strategy_words.py whether words and machine
agree. As a file: strategy_csv.py by strategy_cells.py, sequence_words.py for medium and sequence,
textbook.py for what the textbook's words mean; starter.py makes the first rows.

Afterwards: crediting.py writes down which message an order is credited to, and what those do who were held
out (holding_out.py: how many); results.py sets who got it beside who did not, sequential.py says how far
chance goes, uplift.py puts it into words; decay.py tells how answers dwindle, costing.py what it took (of all
rows side by side: strategy_results.py); keeping.py keeps such figures for a while.

Before anything is switched on or sent off it is rehearsed: rehearsing/ asks the live planning and gate
of past moments, beside a ledger that is never kept; activation.py and sending_off.py see to it that it was.

Around a campaign: audience.py says who it is for, launching.py what people may do with it, progress.py how
far it has come and who did not get it.

Beside the road: ticking.py and tasks.py drive it, rules.py and switching.py turn it on and off, outcomes.py
says what a message can ask for, hours.py when nobody wants to be written to, answers.py
who looked, people and machines, and forgetting.py what goes with a person who is erased;
senders.py says whether mailboxes believe a sender (authenticating.py asks its domain, by domains/), dkim.py
signs; telling.py, panels.py and address_panel.py show the road on a contact's page, reasons.py
tells people on their own page why they got a message, and verifying.py holds
the ledger to its promises. remembering.py writes to the journal outside the database what left;
restoring.py holds all sending when the database is an old copy, until recovering.py has given it back what it
forgot (reconciling.py: the ledger; contacts/replaying.py: opt-outs and erasures).
"""
