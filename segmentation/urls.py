"""The addresses of this room."""

from django.urls import path

from segmentation import views

app_name = "segmentation"
urlpatterns = [
    path("rfm/", views.rfm_map, name="rfm"),
    path("rfm/recut/", views.rfm_recut, name="rfm-recut"),
]
