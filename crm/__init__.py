"""The roof: settings, addresses, sign-in, the home page. It may import every room below."""

from crm.celery import app as celery_app

__all__ = ["celery_app"]
