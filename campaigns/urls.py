"""The addresses of the contact strategy, the deliveries, and the links in messages."""

from django.urls import path

from campaigns import public_views

app_name = "campaigns"
urlpatterns = [
    path("c/<str:token>/", public_views.click, name="click"),
    path("o/<str:token>.gif", public_views.picture, name="open"),
    path("u/<str:token>/", public_views.stop, name="stop"),
]
