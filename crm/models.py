"""The people who sign in."""

import pghistory
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.translation import gettext_lazy as _


class RoleManager(UserManager):
    """Makes an administrator of who is created by `createsuperuser`."""

    def create_superuser(self, username, email=None, password=None, **fields):
        return super().create_superuser(username, email, password, role=User.Role.ADMIN, **fields)


@pghistory.track(fields=["role", "is_active", "is_staff", "is_superuser"])
class User(AbstractUser):
    """A person who signs in, with one role that says what they may do."""

    class Role(models.TextChoices):
        ADMIN = "admin", _("Administrator")
        MARKETER = "marketer", _("Marketer")
        ANALYST = "analyst", _("Analyst")

    class Theme(models.TextChoices):
        SYSTEM = "system", _("As the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    email = models.EmailField(_("e-mail"), unique=True)
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.ANALYST)
    theme = models.CharField(_("theme"), max_length=6, choices=Theme, default=Theme.SYSTEM)
    single_keys = models.BooleanField(_("single-key shortcuts"), default=True)

    objects = RoleManager()

    def __str__(self):
        return self.get_full_name() or self.email

    def save(self, *args, **kwargs):
        """The Django admin is for administrators and follows the role."""
        self.is_staff = self.is_superuser = self.role == self.Role.ADMIN
        super().save(*args, **kwargs)
