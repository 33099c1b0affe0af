"""The connection to a provider: kept, opened anew where nothing has left, and never used twice at once."""

import gzip
import socket
import ssl
import threading
from datetime import UTC, datetime
from ipaddress import ip_address
from time import monotonic

import pytest
import requests
from anymail.utils import parse_address_list
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels import TooLate
from campaigns.channels.addresses import read_addresses
from campaigns.channels.wire import NotConnected, Wire
from tests.campaigns.esp_posts import rsa_key

SAYS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
GOODBYE = SAYS.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")
HANGS_UP, STALLS = object(), object()


class Peer:
    """A server that says to each connection what it was told to, request by request, and then hangs up."""

    def __init__(self, *talks, context=None):
        self.heard, self._talks, self._context = [], talks, context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self._socket.getsockname()[1]}/"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        for talk in self._talks:
            connection, _ = self._socket.accept()
            try:
                with (
                    self._context.wrap_socket(connection, server_side=True)
                    if self._context
                    else connection as c
                ):
                    self._talk(c, talk)
            except OSError:
                continue
        self._socket.close()

    def _talk(self, connection, talk):
        for says in talk:
            self.heard.append(self._request(connection))
            if says is HANGS_UP:
                return
            if says is STALLS:
                connection.settimeout(5)
                connection.recv(1)
                return
            connection.sendall(says)

    def _request(self, connection):
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += connection.recv(65536)
        head, _, body = heard.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.splitlines() if line.startswith(b"Content-Length:"))
        while len(body) < length:
            body += connection.recv(65536)
        return head.decode(), body


def wire_to(peer):
    wire = Wire(requests.Session(), peer.url)
    wire.prepare(monotonic() + 60, {})
    return wire


def ask(wire, peer, data="{}", **asked):
    asked = {"method": "POST", "params": None, "headers": {}, "files": None, "auth": None} | asked
    return wire.request(url=peer.url + "mail", data=data, timeout=1, **asked)


def test_one_connection_is_kept():
    peer = Peer([SAYS, SAYS, SAYS])
    wire = wire_to(peer)

    answers = [ask(wire, peer, f'"{number}"').json() for number in range(3)]

    assert answers == [{}, {}, {}]
    assert [body for _, body in peer.heard] == [b'"0"', b'"1"', b'"2"']


@pytest.mark.parametrize("first", [[SAYS], [GOODBYE]])
def test_what_was_closed_between_messages_is_opened_anew(first):
    peer = Peer(first, [SAYS])
    wire = wire_to(peer)

    ask(wire, peer, '"0"')
    threading.Event().wait(0.1)
    ask(wire, peer, '"1"')

    assert [body for _, body in peer.heard] == [b'"0"', b'"1"']


@pytest.mark.parametrize(
    ("breaks", "error"), [(HANGS_UP, requests.ConnectionError), (STALLS, requests.ReadTimeout)]
)
def test_what_has_left_is_never_sent_again(breaks, error):
    peer = Peer([SAYS, breaks], [SAYS])
    wire = wire_to(peer)
    ask(wire, peer)

    with pytest.raises(error) as caught:
        ask(wire, peer, '"1"')

    assert not isinstance(caught.value, NotConnected)
    assert (len(peer.heard), wire.has_left) == (2, True)
    assert ask(wire, peer, '"2"').status_code == 200
    assert [body for _, body in peer.heard] == [b"{}", b'"1"', b'"2"']


def test_where_nobody_listens_nothing_has_left():
    peer = Peer()
    peer.thread.join()
    wire = wire_to(peer)

    with pytest.raises(NotConnected):
        ask(wire, peer)

    assert not wire.has_left


def test_what_took_too_long_does_not_leave():
    peer = Peer([SAYS])
    wire = wire_to(peer)
    wire.prepare(monotonic() - 1, {})

    with pytest.raises(TooLate):
        ask(wire, peer)

    assert (peer.heard, wire.has_left) == ([], False)


def test_whoever_is_interrupted_begins_anew(monkeypatch):
    """As a task is that has run for too long."""
    peer = Peer([STALLS], [SAYS])
    wire = wire_to(peer)
    connected, one = wire._connected, []

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    def connected_once(*given):
        connection = connected(*given)
        connection.response_class = interrupted if not one else type(connection).response_class
        one.append(connection)
        return connection

    monkeypatch.setattr(wire, "_connected", connected_once)
    with pytest.raises(KeyboardInterrupt):
        ask(wire, peer, '"0"')

    assert ask(wire, peer, '"1"').json() == {}


def test_a_no_before_all_was_heard_is_heard():
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    listens = socket.create_server(("127.0.0.1", 0))

    def refuse():
        connection, _ = listens.accept()
        connection.recv(1000)
        connection.sendall(refusal)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 16):
            pass
        connection.close()

    threading.Thread(target=refuse, daemon=True).start()
    peer = Peer()
    peer.url = f"http://127.0.0.1:{listens.getsockname()[1]}/"

    assert ask(wire_to(peer), peer, "x" * 3_000_000).status_code == 413
    listens.close()


def test_an_answer_may_be_packed():
    packed = gzip.compress(b'{"id": "r1"}')
    says = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (
        len(packed),
        packed,
    )
    peer = Peer([says, says])
    wire = wire_to(peer)

    assert [ask(wire, peer).json(), ask(wire, peer).json()] == [{"id": "r1"}] * 2


def test_forms_and_passwords_go_as_requests_prepares_them():
    peer = Peer([SAYS, SAYS])
    wire = wire_to(peer)

    ask(wire, peer, {"to": "ada@example.com", "text": "Grüße"}, auth=("api", "k"))
    ask(wire, peer, '"Grüße"', auth=("api", "k"))

    (form, said), (_, words) = peer.heard
    assert (said, words) == (b"to=ada%40example.com&text=Gr%C3%BC%C3%9Fe", '"Grüße"'.encode())
    assert "Authorization: Basic YXBpOms=" in form
    assert all("Authorization: Basic YXBpOms=" in head for head, _ in peer.heard)


def test_what_is_asked_otherwise_is_prepared_anew():
    peer = Peer([SAYS, SAYS])
    wire = wire_to(peer)

    ask(wire, peer, headers={"X-Key": "one"})
    ask(wire, peer, headers={"X-Key": "two"})

    assert ["X-Key: one" in peer.heard[0][0], "X-Key: two" in peer.heard[1][0]] == [True, True]


@pytest.mark.parametrize("key", ["k\r\nX: y", "Schlüssel \N{SNOWMAN}"])
def test_a_key_that_is_no_header_does_not_leave(key):
    peer = Peer([SAYS])
    wire = wire_to(peer)

    with pytest.raises(requests.exceptions.InvalidHeader):
        ask(wire, peer, headers={"X-Key": key})

    assert (peer.heard, wire.has_left) == ([], False)


def test_a_proxy_of_the_environment_is_used(monkeypatch):
    proxy = Peer([SAYS])
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    wire = Wire(requests.Session(), "http://api.example.com/")
    wire.prepare(monotonic() + 60, {"Idempotency-Key": "one"})

    wire.request(method="POST", url="http://api.example.com/mail", data="{}", timeout=1)

    ((head, body),) = proxy.heard
    assert head.startswith("POST http://api.example.com/mail HTTP/1.1")
    assert ("Idempotency-Key: one" in head, body, wire.has_left) == (True, b"{}", True)


def test_who_is_trusted_is_the_environments_say(tmp_path, monkeypatch):
    pem = tmp_path / "server.pem"
    pem.write_bytes(own_certificate())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    peer = Peer([], [SAYS], context=context)

    with pytest.raises(NotConnected) as caught:
        ask(wire_to(peer), peer)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))

    assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value)
    assert ask(wire_to(peer), peer).json() == {}
    assert len(peer.heard) == 1


def own_certificate():
    """A key, and its certificate for 127.0.0.1."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    builder = builder.public_key(rsa_key().public_key()).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = builder.add_extension(here, critical=False).sign(rsa_key(), hashes.SHA256())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return rsa_key().private_bytes(*form) + certificate.public_bytes(serialization.Encoding.PEM)


# Addresses -------------------------------------------------------------------------------------------

ODD = st.text(st.sampled_from("ab \t.,@<>()\"\\';:é-=?_[]\x01\n"), max_size=6)
PLAIN = st.text(st.sampled_from("ab.'+-_"), min_size=1, max_size=5)


def told(read, address):
    try:
        return [(each.display_name, each.username, each.domain, str(each)) for each in read([address])]
    except ValueError as error:
        return str(error)


@given(name=ODD, local=PLAIN | ODD, domain=PLAIN | ODD, shape=st.sampled_from(['"{}" <{}@{}>', "{} <{}@{}>"]))
def test_an_address_reads_as_anymail_reads_it(name, local, domain, shape):
    for address in (shape.format(name, local, domain), f"{local}@{domain}"):
        assert told(read_addresses, address) == told(parse_address_list, address)


def test_many_addresses_and_none_are_left_to_anymail():
    both = ["ada@example.com, ben@example.com"]

    assert [each.addr_spec for each in read_addresses(both)] == ["ada@example.com", "ben@example.com"]
    assert (read_addresses([]), read_addresses(None)) == ([], [])
    assert (
        str(read_addresses('"Ines, at Northside" <ines@example.com>')[0])
        == '"Ines, at Northside" <ines@example.com>'
    )
