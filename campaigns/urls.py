"""The addresses of the contact strategy, the deliveries, and the links in messages."""

from importlib import import_module

from django.urls import path

app_name = "campaigns"


def public(name):
    def view(request, **arguments):
        return getattr(import_module("campaigns.public_views"), name)(request, **arguments)

    return view


urlpatterns = [
    path("c/<str:token>/", public("click"), name="click"),
    path("o/<str:token>.gif", public("open"), name="open"),
    path("u/<str:token>/", public("stop"), name="stop"),
]
