"""What a rule or a campaign would have done, had it been on in a past window: the live code, asked of then.

Inside a transaction that is always rolled back the ledger is shadowed by an empty one of the same name
(shadow.py). What is planned there is planned by the live statements, and asked at the live gate, each row at
its own moment (asking.py); what came of it is counted (counting.py) before all of it is gone. Nothing is
written to the ledger, nobody is locked, nothing leaves. Nobody answers in a rehearsal; outcomes that were
really reached count.

keeping.py keeps what was found, and says whether it still fits the row (deciding.py); loads.py and
collisions.py read what it means beside everything else that is on.
"""

from campaigns.rehearsing.asking import Clock
from campaigns.rehearsing.running import TooMuch, rehearse_campaign, rehearse_rule

__all__ = ["Clock", "TooMuch", "rehearse_campaign", "rehearse_rule"]
