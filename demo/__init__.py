"""A small shop to try Rapport with, its sample of people, and the local mailbox. Never in production."""
