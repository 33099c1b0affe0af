"""A call ends in ways of its own."""

from django.db import migrations, models

REASONS = [
    ("", ""),
    ("never_agreed", "never said yes to this topic on this channel"),
    ("withdrew", "withdrew their consent to this topic"),
    ("suppressed", "the address is suppressed"),
    ("no_address", "no address for this channel"),
    ("rule_off", "the rule was switched off"),
    ("rule_paused", "the rule is paused"),
    ("campaign_off", "the campaign was called off"),
    ("campaign_paused", "the campaign is paused"),
    ("condition_gone", "the condition no longer holds"),
    ("outcome_reached", "the outcome was already reached"),
    ("answered", "already answered"),
    ("quiet", "in quiet hours where they live"),
    ("cap", "already heard from us as often as we allow"),
    ("held", "all sending is held"),
    ("too_late", "could not go within its time"),
    ("merged", "now under another contact"),
    ("erased", "asked to be forgotten"),
    ("render", "the message could not be made"),
    ("refused", "the mail server refused it"),
    ("retry", "the mail server said: later"),
    ("no_answer", "the connection broke; nobody can say whether it arrived"),
    ("pace", "in line: we send only so many at a time"),
    ("pilot", "outside the pilot group"),
    ("control", "held out, to see what the message is worth"),
    ("bounced", "the address does not exist or takes no mail"),
    ("hour", "waits for their hour"),
    ("holdout", "held out of everything, to see what all of it is worth"),
    ("audience", "not among those it is for"),
    ("preference", "prefers another medium"),
    ("topic_cap", "already heard about this topic as often as we allow"),
    ("own_cap", "already heard from us as often as they wish"),
    ("called", "spoke with us on the phone"),
    ("call_back", "asked to be called back"),
    ("unanswered_call", "nobody answered the phone"),
    ("wrong_number", "the number is not theirs"),
]


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0018_questions_and_panels")]

    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="reason",
            field=models.CharField(blank=True, choices=REASONS, default="", max_length=20),
        ),
    ]
