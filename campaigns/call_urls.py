"""The addresses of the queue of calls."""

from django.urls import path

from campaigns import call_views

urlpatterns = [
    path("calls/", call_views.call_list, name="call-list"),
    path("calls/<uuid:key>/", call_views.call_detail, name="call-detail"),
    path("calls/<uuid:key>/take/", call_views.call_take, name="call-take"),
    path("calls/<uuid:key>/leave/", call_views.call_leave, name="call-leave"),
    path("calls/<uuid:key>/snooze/", call_views.call_snooze, name="call-snooze"),
    path("calls/<uuid:key>/record/", call_views.call_record, name="call-record"),
    path("calls/<uuid:key>/undo/", call_views.call_undo, name="call-undo"),
]
