"""The addresses of this room."""

from django.urls import path

from contacts import views

app_name = "contacts"
urlpatterns = [
    path("p/<str:token>/", views.preferences, name="preferences"),
]
