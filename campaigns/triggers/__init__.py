"""Which contacts does a rule's trigger hold for, at a moment? The catalogue, a file for each sort of thing:

arriving.py    something has arrived: a sign-up, an answer, whatever is posted to the API
visiting.py    they looked at something, and perhaps did no more
absence.py     they did not come: too few visits, no visit, no order
buying.py      which order it was, and how often they buy
cells.py       another cell of the RFM map
dates.py       a date of theirs
manual.py      a colleague chose them

trigger.py says what a trigger is, registry.py keeps them. Each query reads dated rows only, so that asked for
the same moment it gives the same answer on any later day.
"""

from campaigns.triggers import absence, arriving, buying, cells, dates, manual, visiting
from campaigns.triggers.registry import (
    UnknownTrigger,
    choices,
    explain,
    get,
    occurred_at,
    occurrences_of,
    register,
    registered,
    still_true_sql,
    told_by,
)
from campaigns.triggers.trigger import Condition, NoParameters, ParameterForm, Trigger

__all__ = [
    "Condition",
    "NoParameters",
    "ParameterForm",
    "Trigger",
    "UnknownTrigger",
    "choices",
    "explain",
    "get",
    "manual",
    "occurred_at",
    "occurrences_of",
    "register",
    "registered",
    "still_true_sql",
    "told_by",
]

for _trigger in (
    arriving.SignedUp(),
    arriving.Confirmed(),
    arriving.Joined(),
    visiting.Visited(),
    absence.FewVisits(),
    absence.ManyVisits(),
    visiting.AbandonedBrowse(),
    absence.NoVisit(),
    buying.Ordered(),
    visiting.AbandonedBasket(),
    absence.NoOrder(),
    buying.UsageBand(),
    cells.CellChanged(),
    dates.DateReached(),
    arriving.Replied(),
    arriving.Answered(),
    arriving.Complained(),
    arriving.AnyTouchpoint(),
    manual.Manual(),
):
    register(_trigger)
