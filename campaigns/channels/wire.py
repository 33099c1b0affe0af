"""The way to a provider's HTTP interface: one connection, kept from message to message.

The package `requests` prepares what is asked and finds proxies, as it does for Anymail; but going over it
takes several times as long as the connection itself. Where a proxy leads there, it goes over it all the same.
"""

import ssl
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from io import BytesIO
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_encoding_from_headers, select_proxy
from urllib3 import HTTPResponse
from urllib3.util import wait_for_read

from campaigns.channels import TooLate
from campaigns.crash_points import crash_point


class NotConnected(requests.ConnectionError):
    """There is no connection: nothing has left."""


class Wire:
    """Stands for the session of Anymail's backend; what holds for one message is looked at as it leaves."""

    def __init__(self, session, address):
        self.deadline, self.headers, self.has_left = None, {}, False
        _read_environment_once(session, address)
        self._session, self._connection = session, None
        # What is asked alike every time, prepared and written once: (that, its request, the first lines).
        self._alike = {}, None, b""
        # Whoever debugs the interface wants to see what goes over it: Anymail hooks into the session then.
        self._goes_around = bool(select_proxy(address, session.proxies) or session.hooks["response"])
        if self._goes_around:
            session.mount("http://", Around(self))
            session.mount("https://", Around(self))

    def prepare(self, deadline, headers):
        """Say until when the next request may leave, and what is told with it."""
        self.deadline, self.headers, self.has_left = deadline, headers, False

    def leave(self):
        """The last step before the first byte; raises TooLate."""
        if monotonic() > self.deadline:
            raise TooLate
        crash_point("wire.data")
        self.has_left = True

    def request(self, *, timeout, **asked):
        """What `requests` calls a request of a session; a redirect is an answer, too."""
        if self._goes_around:
            return self._session.request(timeout=timeout, allow_redirects=False, **asked)
        request, head, body = self._prepared(**asked)
        connection = self._connected(urlsplit(request.url), timeout)
        self.leave()
        try:
            return _exchange(connection, request, head + _lines(self.headers), body)
        except (OSError, HTTPException) as error:
            connection.close()
            broke = requests.ReadTimeout if isinstance(error, TimeoutError) else requests.ConnectionError
            raise broke(f"{type(error).__name__}: {error}", request=request) from error
        except BaseException:
            connection.close()
            raise

    def close(self):
        self._session.close()
        if self._connection:
            self._connection.close()

    def _prepared(self, *, data, files, **asked):
        """(the request, its first lines, its body); where that is words, all the rest is as it was before."""
        if files or not isinstance(data, str):
            request = self._session.prepare_request(requests.Request(data=data, files=files, **asked))
            return request, _head(request), _bytes(request.body or b"")
        if self._alike[0] != asked:
            request = self._session.prepare_request(requests.Request(**asked))
            self._alike = asked, request, _head(request)
        return *self._alike[1:], data.encode()

    def _connected(self, address, timeout):
        """A connection that is open and in nobody's use; what the other side has closed is opened anew."""
        if self._connection is None or (address.scheme, address.netloc) != self._leads_to:
            self._connection = self._leading_to(address, timeout)
        connection = self._connection
        if connection.sock is not None and wait_for_read(connection.sock, timeout=0):
            connection.close()
        if connection.sock is None:
            try:
                connection.connect()
            except OSError as error:
                connection.close()
                raise NotConnected(f"{type(error).__name__}: {error}") from error
        return connection

    def _leading_to(self, address, timeout):
        self.close()
        self._leads_to = address.scheme, address.netloc
        if address.scheme == "http":
            return HTTPConnection(address.hostname, address.port, timeout=timeout)
        if address.scheme != "https":
            raise requests.exceptions.InvalidSchema(f"There is no way to {address.scheme}://")
        trusted = self._session.verify
        where = Path(requests.certs.where() if trusted is True else trusted)
        context = ssl.create_default_context(**{"capath" if where.is_dir() else "cafile": where})
        return HTTPSConnection(address.hostname, address.port, timeout=timeout, context=context)


class Around(HTTPAdapter):
    """The long way round, over the package's own connections: through a proxy, or watched."""

    def __init__(self, wire):
        super().__init__()
        self._wire = wire

    def send(self, request, **options):
        request.headers.update(self._wire.headers)
        self._wire.leave()
        return super().send(request, **options)


def _head(request):
    """The first lines of a request, which `requests` has checked."""
    host = urlsplit(request.url).netloc.rpartition("@")[2]
    headers = {"Host": host, **request.headers}
    headers.pop("Content-Length", None)
    return f"{request.method} {request.path_url} HTTP/1.1\r\n".encode() + _lines(headers)


def _lines(headers):
    try:
        return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("latin-1")
    except UnicodeEncodeError as error:
        raise requests.exceptions.InvalidHeader(str(error)) from error


def _bytes(body):
    return body.encode() if isinstance(body, str) else body


def _exchange(connection, request, head, body):
    """The other side's answer. It may say no before it has heard all, and hang up."""
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sock.sendall(b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body))
    with connection.response_class(connection.sock, method=request.method) as answer:
        answer.begin()
        response = _response(answer, request, BytesIO(answer.read()))
    if answer.will_close:
        connection.close()
    return response


def _response(answer, request, said):
    """The answer as `requests` tells it."""
    response = requests.Response()
    response.request, response.url = request, request.url
    response.status_code, response.reason = answer.status, answer.reason
    response.headers.update(answer.headers)
    response.encoding = get_encoding_from_headers(response.headers)
    is_packed = "Content-Encoding" in response.headers
    response.raw = HTTPResponse(said, headers=response.headers, preload_content=False) if is_packed else said
    return response


def _read_environment_once(session, address):
    """Proxies and certificates that the environment names hold for the line; no message looks again."""
    found = session.merge_environment_settings(address, {}, None, None, None)
    session.proxies, session.verify, session.cert = found["proxies"], found["verify"], found["cert"]
    session.trust_env = False
    session.headers["Accept-Encoding"] = "identity"
