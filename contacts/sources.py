"""Where somebody came from: campaign parameters and the page that sent them, kept small and clean."""

from urllib.parse import parse_qs, urlsplit

UTM = ("utm_source", "utm_medium", "utm_campaign")
LONGEST = 200


def source_from(query, referrer, page, at):
    """What an arrival tells of where it came from; empty when it tells nothing.

    `query` is a query string or a mapping. A referrer on the page's own host says nothing, and of any
    other only host and path are kept: what follows the question mark may name a person.
    """
    source = {name: value for name in UTM if (value := _value(query, name))}
    if foreign := _foreign(referrer, page):
        source["referrer"] = foreign
    if page:
        source["page"] = _without_query(page)
    return {"at": at.isoformat(), **source} if source else {}


def is_telling(source):
    """Whether it names a campaign or another site; a page alone does not."""
    return any(source.get(key) for key in (*UTM, "referrer"))


def _value(query, name):
    found = parse_qs((query or "").lstrip("?")) if isinstance(query, str) or query is None else query
    value = found.get(name) or ""
    if isinstance(value, list | tuple):
        value = value[0]
    return str(value).replace("\0", "").strip()[:LONGEST]


def _foreign(referrer, page):
    host = _host(referrer)
    return _without_query(referrer) if host and host != _host(page) else ""


def _host(address):
    try:
        return urlsplit(address or "").hostname or ""
    except ValueError:
        return ""


def _without_query(address):
    return address.replace("\0", "").partition("?")[0].partition("#")[0][:LONGEST]
