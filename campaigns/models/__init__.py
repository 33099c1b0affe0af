"""The contact strategy, campaigns, their content, and the ledger of deliveries: a file a noun."""

from campaigns.models.campaigns import Campaign
from campaigns.models.content import Content, ContentVersion
from campaigns.models.deliveries import Anomaly, Delivery
from campaigns.models.rehearsals import Rehearsal
from campaigns.models.responses import Notice, RawNotice, RawResponse, Response
from campaigns.models.rules import LifecycleRule, Step
from campaigns.models.running import Pace, Tick
from campaigns.models.switch import SendingSwitch
from campaigns.models.worth import Attribution, ChannelCost

__all__ = [
    "Anomaly",
    "Attribution",
    "Campaign",
    "ChannelCost",
    "Content",
    "ContentVersion",
    "Delivery",
    "LifecycleRule",
    "Notice",
    "Pace",
    "RawNotice",
    "RawResponse",
    "Rehearsal",
    "Response",
    "SendingSwitch",
    "Step",
    "Tick",
]
