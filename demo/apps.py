"""Wires the demo at start-up."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "demo"
