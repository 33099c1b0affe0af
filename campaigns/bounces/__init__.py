"""What mail servers and people send back, read: any bytes in, what they say out, never an error.

parsing.py    one message becomes a Letter: what it says of whom, and which message it brings back
reading.py    bytes become headers and parts, within limits
reports.py    reports that have a form: of a delivery (RFC 3464), of a complaint (RFC 5965)
texts.py      reports without one, as mail servers wrote them before
replies.py    what answers by itself, asks to stop, or was written by a person
reasons.py    a server's words and codes become a reason; wording.py holds the words
mailbox.py    the mailbox they lie in, over IMAP
mapping.py    each reason is of one kind: hard, soft, policy, …

Of the packages at hand none serves: the one that is kept, flufl.bounce, finds addresses and not reasons. Of
the 337 sample mails it names an address in 266, and tells for good from for now in fewer than half.
"""
