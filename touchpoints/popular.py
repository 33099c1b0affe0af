"""The pages most people saw lately, written down once a day: asked later, the answer is the same."""

from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.db import connection

from touchpoints import paths
from touchpoints.models import TopPage

SPAN = timedelta(days=30)
PLACES = 20

_NOTE = """
INSERT INTO touchpoints_toppage (day, place, path, title, people)
SELECT %(day)s, row_number() OVER (ORDER BY people DESC, path), left(path, 500),
       left(coalesce(title, ''), 300), people
FROM (
    SELECT t.data->>'path' AS path, max(t.data->>'title') AS title,
           count(DISTINCT t.contact_id) AS people
    FROM touchpoints_touchpoint t
    WHERE t.kind = 'visited' AND t.at > %(since)s AND t.at <= %(until)s AND t.contact_id IS NOT NULL
      AND t.data->>'path' > '' AND (%(is_any)s OR t.data->>'path' LIKE ANY(%(patterns)s::text[]))
    GROUP BY path
    ORDER BY people DESC, path LIMIT %(places)s
) seen
ON CONFLICT (day, place) DO NOTHING
"""


def note_top_pages(at):
    """Write down the day's top pages, as of its beginning; how many are new. A second time writes none."""
    day = at.astimezone(UTC).date()
    if TopPage.objects.filter(day=day).exists():
        return 0
    until = datetime.combine(day, time(), UTC)
    patterns = [paths.like(path) for path in settings.CONTENT_PAGES]
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE,
            {
                "day": day,
                "since": until - SPAN,
                "until": until,
                "is_any": not patterns,
                "patterns": patterns,
                "places": PLACES,
            },
        )
        return cursor.rowcount


def top_pages(at, limit=PLACES):
    """The top pages that hold at a moment, the first first."""
    newest = TopPage.objects.filter(day__lte=at.astimezone(UTC).date()).order_by("-day").first()
    return list(TopPage.objects.filter(day=newest.day).order_by("place")[:limit]) if newest else []
