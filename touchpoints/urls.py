"""The doors by which things happen."""

from django.urls import path

from touchpoints import tracking, views

app_name = "touchpoints"
urlpatterns = [
    path("join/", views.sign_up, name="sign-up"),
    path("join/thanks/", views.sign_up_sent, name="sign-up-sent"),
    path("confirm/<str:token>/", views.confirm, name="confirm"),
    path("t/visit", tracking.visit, name="visit"),
    path("contacts/<int:pk>/note/", views.note_create, name="note-create"),
]
