"""The product's web server with two views beside its own: one that does nothing, one that writes a row."""

from crm.wsgi import application  # isort: skip  # first, since it sets Django up; gunicorn serves it

from django.db import connection
from django.http import HttpResponse
from django.urls import path

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


urls.urlpatterns += [
    path("bench/nothing", nothing, name="bench-nothing"),
    path("bench/row", row, name="bench-row"),
]
access.ACCESS |= {
    "bench-nothing": (access.PUBLIC, access.PUBLIC),
    "bench-row": (access.PUBLIC, access.PUBLIC),
}
