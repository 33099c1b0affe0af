"""How people sign in: accounts are made by an administrator, never by a stranger."""

from allauth.account.adapter import DefaultAccountAdapter

from contacts.evidence import client_ip


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False

    def get_client_ip(self, request):
        """Whose attempts are counted together: behind a trusted proxy not everybody's."""
        return client_ip(request)
