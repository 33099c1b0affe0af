"""The key of a delivery keeps its unique index and loses the one beside it, for patterns, that nobody used.

Quick however large the ledger: the constraint is not built anew but given the name that the model says, and
an index is dropped. Both change the catalogue only, under a lock that is had for a moment; what is sending
meanwhile waits for that moment. Whoever holds a delivery for longer than five seconds makes this give up and
change nothing; run it again.
"""

from django.db import migrations, models

OLD, NEW = "campaigns_delivery_occurrence_key_key", "delivery_once"
PATTERNS = "campaigns_delivery_occurrence_key_4ec6185c_like"
FORWARD = f"""
SET LOCAL lock_timeout = '5s';
ALTER TABLE campaigns_delivery RENAME CONSTRAINT {OLD} TO {NEW};
DROP INDEX IF EXISTS {PATTERNS};
SET LOCAL lock_timeout = DEFAULT;
"""
BACKWARD = f"""
ALTER TABLE campaigns_delivery RENAME CONSTRAINT {NEW} TO {OLD};
CREATE INDEX {PATTERNS} ON campaigns_delivery (occurrence_key varchar_pattern_ops);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0020_rehearsals"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACKWARD)],
            state_operations=[
                migrations.AlterField(
                    model_name="delivery",
                    name="occurrence_key",
                    field=models.CharField(max_length=200),
                ),
                migrations.AddConstraint(
                    model_name="delivery",
                    constraint=models.UniqueConstraint(fields=("occurrence_key",), name="delivery_once"),
                ),
            ],
        ),
    ]
