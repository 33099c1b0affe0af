"""An erased person has no name, and what proved their consent goes with them: the one change the log allows."""

from django.db import migrations, models
from django.db.models import Q

CHECK = """
CREATE OR REPLACE FUNCTION consent_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'Consent is a log: entries are never deleted.';
    END IF;
    IF to_jsonb(NEW) - 'contact_id' {but} IS DISTINCT FROM to_jsonb(OLD) - 'contact_id' {but} THEN
        RAISE EXCEPTION 'Consent is a log: entries are never changed.';
    END IF;
    {forgotten}
    RETURN NEW;
END $$;
"""
FORGOTTEN = """
    IF NEW.evidence IS DISTINCT FROM OLD.evidence AND NOT (
        NEW.evidence = '{}' AND EXISTS (
            SELECT 1 FROM contacts_contact c WHERE c.id = NEW.contact_id AND c.erased_at IS NOT NULL
        )
    ) THEN
        RAISE EXCEPTION 'Consent is a log: its proof goes only with an erased person.';
    END IF;
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0004_how_a_sender_sends")]
    operations = [
        migrations.RunSQL(
            CHECK.format(but="- 'evidence'", forgotten=FORGOTTEN), CHECK.format(but="", forgotten="")
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=Q(erased_at=None) | Q(email="", first_name="", last_name=""),
                name="erased_has_no_name",
            ),
        ),
    ]
