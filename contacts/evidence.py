"""What a request proves about who sent it: kept with consent, and with nothing else."""

from django.conf import settings


def evidence_of(request):
    """The address and browser a request came from."""
    return {"ip": client_ip(request), "user_agent": request.headers.get("User-Agent", "")[:300]}


def client_ip(request):
    """The sender's address: behind a trusted proxy the one that proxy saw."""
    if settings.TRUST_PROXY and (chain := request.headers.get("X-Forwarded-For")):
        return chain.rpartition(",")[2].strip()
    return request.META.get("REMOTE_ADDR", "")
