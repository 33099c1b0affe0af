"""What a sender's domain says of itself in DNS, and what that is worth:

records.py      asks the name servers, and tells "there is none" from "nobody answered"
spf.py          which servers may send for a domain
keys.py         the public half of the key that signs
dmarc.py        what mailboxes are to do with forgeries, and which domains belong together
findings.py     what one check found, in words
proofs.py       the checks that prove whose a message is
surroundings.py the checks around it: where mail comes back, one click, the server
"""
