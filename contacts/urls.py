"""The addresses of this room."""

from django.urls import path

from contacts import views

app_name = "contacts"
urlpatterns = [
    path("contacts/", views.contact_list, name="contact-list"),
    path("contacts/new/", views.contact_create, name="contact-create"),
    path("contacts/<int:pk>/", views.contact_detail, name="contact-detail"),
    path("contacts/<int:pk>/edit/", views.contact_edit, name="contact-edit"),
    path("contacts/<int:pk>/agree/", views.contact_agree, name="contact-agree"),
    path("contacts/<int:pk>/withdraw/", views.contact_withdraw, name="contact-withdraw"),
    path("contacts/<int:pk>/suppress/", views.contact_suppress, name="contact-suppress"),
    path("contacts/<int:pk>/erase/", views.contact_erase, name="contact-erase"),
    path("contacts/<int:pk>/lift/<int:suppression>/", views.contact_lift, name="contact-lift"),
    path("p/<str:token>/", views.preferences, name="preferences"),
]
