"""The product's web server with three views beside its own: one does nothing, two write a row."""

from crm.wsgi import application  # isort: skip  # first, since it sets Django up; gunicorn serves it

from django.db import connection, models
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone

from crm import access, urls

__all__ = ["application"]

ROW = "INSERT INTO bench_heard (at, words) VALUES (now(), %s)"


def nothing(request):
    return HttpResponse(status=204)


def row(request):
    """The least that keeps anything: one row, committed before the answer."""
    with connection.cursor() as cursor:
        cursor.execute(ROW, [request.headers.get("User-Agent", "")])
    return HttpResponse(status=204)


class Heard(models.Model):
    """The same row, as a model."""

    at = models.DateTimeField()
    words = models.TextField()

    class Meta:
        app_label, db_table, managed = "benchmarks", "bench_heard", False

    def __str__(self):
        return self.words


def plain(request):
    """The same, as a view of Django does it."""
    Heard.objects.create(at=timezone.now(), words=request.headers.get("User-Agent", ""))
    return HttpResponse(status=204)


urls.urlpatterns += [
    path("bench/nothing", nothing, name="bench-nothing"),
    path("bench/row", row, name="bench-row"),
    path("bench/plain", plain, name="bench-plain"),
]
access.ACCESS |= {
    "bench-nothing": (access.PUBLIC, access.PUBLIC),
    "bench-row": (access.PUBLIC, access.PUBLIC),
    "bench-plain": (access.PUBLIC, access.PUBLIC),
}
