"""Makes the first sign-ins of a fresh install: one for each role, with passwords of their own."""

import json
import os
import secrets
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from crm.models import User

PEOPLE = [
    (User.Role.ADMIN, "admin@example.com", "Alma", "Admin"),
    (User.Role.MARKETER, "marketer@example.com", "Ines", "Duarte"),
    (User.Role.ANALYST, "analyst@example.com", "Nils", "Berg"),
]


class Command(BaseCommand):
    help = "Make one sign-in for each role on a fresh install, and keep their passwords in var/sign_ins.json."

    def add_arguments(self, parser):
        default = settings.BASE_DIR / "var" / "sign_ins.json"
        parser.add_argument(
            "--file", type=Path, default=default, help="where the passwords are kept, readable by you alone"
        )

    def handle(self, *, file, **options):
        if User.objects.exists():
            self.stdout.write("There are sign-ins already; nothing was changed.")
            return
        sign_ins = [make_sign_in(*person) for person in PEOPLE]
        write_privately(file, json.dumps(sign_ins, indent=2) + "\n")
        for sign_in in sign_ins:
            self.stdout.write(f"{sign_in['role']:10} {sign_in['email']:24} {sign_in['password']}")


def make_sign_in(role, email, first_name, last_name):
    """Make one user with a generated password; returns what they need to sign in."""
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    User.objects.create_user(email, email, password, role=role, first_name=first_name, last_name=last_name)
    return {"role": str(role.value), "email": email, "password": password}


def write_privately(path, text):
    """Write a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w") as file:
        file.write(text)
