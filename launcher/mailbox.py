"""The local mailbox: a loopback SMTP server that puts every message into a Maildir, and sends none on.

python -m launcher.mailbox --port 8025 --dir /path/to/maildir
"""

import argparse
import mailbox
import signal
import threading

from aiosmtpd.controller import Controller


class MaildirHandler:
    """Writes what arrives as a mail server does: envelope addresses on top, one file a message."""

    def __init__(self, folder):
        self.maildir = mailbox.Maildir(folder, create=True)

    async def handle_DATA(self, server, session, envelope):
        lines = [f"Return-Path: <{envelope.mail_from or ''}>"]
        lines += [f"Delivered-To: {address}" for address in envelope.rcpt_tos]
        top = "".join(f"{line}\r\n" for line in lines).encode()
        self.maildir.add(top + envelope.content)
        return "250 Delivered to the local mailbox"


def serve(port, folder):
    """Accept messages until told to stop."""
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    controller = Controller(MaildirHandler(folder), hostname="127.0.0.1", port=port)
    controller.start()
    print(f"Messages to 127.0.0.1:{port} are kept in {folder}", flush=True)
    stopped.wait()
    controller.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dir", required=True)
    given = parser.parse_args()
    serve(given.port, given.dir)
