"""The addresses of the whole house."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from crm import health, views
from touchpoints.api import api

handler500 = "crm.outages.server_error"

urlpatterns = [
    path("", views.today, name="home"),
    path("settings/", views.workspace_settings, name="settings"),
    path("settings/switch/", views.switch_sending, name="settings-switch"),
    path("settings/pilot/", views.pilot, name="settings-pilot"),
    path("settings/theme/", views.set_theme, name="set-theme"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("styleguide/", include("crm.ui.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("", include("contacts.urls")),
    path("", include("touchpoints.urls")),
    path("", include("segmentation.urls")),
    path("", include("campaigns.urls")),
]
if settings.DEMO:
    urlpatterns.append(path("", include("demo.urls")))
