"""The words people agree to: changed by adding a version, never by rewriting one."""

from django.db import transaction

from contacts.models import ConsentWording


@transaction.atomic
def revise_wording(key, language, text, *, at):
    """The newest version of these words, made if `text` differs from what stands there."""
    newest = (
        ConsentWording.objects.filter(key=key, language=language)
        .select_for_update()
        .order_by("-version")
        .first()
    )
    if newest is not None and newest.text == text:
        return newest
    version = newest.version + 1 if newest else 1
    return ConsentWording.objects.create(
        key=key, language=language, text=text, version=version, created_at=at
    )
