"""A mailbox on the loopback that speaks as much IMAP as is needed, and hangs up when it is told to."""

import re
import socket
import threading


class ScriptedMailbox:
    """Holds messages and their flags; `hang_up_at` names the command at which the line breaks, once."""

    def __init__(self, messages=()):
        self.messages = {uid: [raw, set()] for uid, raw in enumerate(messages, start=1)}
        self.commands = []
        self.hang_up_at = ""
        self.refuses = ""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self):
        return f"imap://bounces%40example.com:pass%20word@127.0.0.1:{self.port}/INBOX"

    @property
    def seen(self):
        return [uid for uid, (_raw, flags) in self.messages.items() if "\\Seen" in flags]

    def stop(self):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                self._talk(stream)

    def _talk(self, stream):
        self._tell(stream, b"* OK [CAPABILITY IMAP4rev1] ready")
        for line in iter(stream.readline, b""):
            tag, _space, command = line.rstrip().partition(b" ")
            self.commands.append(command.decode())
            if self.hang_up_at and self.hang_up_at in command.decode():
                self.hang_up_at = ""
                return
            if self.refuses and self.refuses in command.decode():
                self._tell(stream, tag + b" NO not now")
                continue
            self._answer(stream, command)
            self._tell(stream, tag + b" OK done")

    def _answer(self, stream, command):
        if command.startswith(b"CAPABILITY"):
            self._tell(stream, b"* CAPABILITY IMAP4rev1")
        elif command.startswith(b"SELECT"):
            self._tell(stream, b"* %d EXISTS" % len(self.messages))
        elif command.startswith(b"UID SEARCH"):
            unseen = [str(uid) for uid in self.messages if uid not in self.seen]
            self._tell(stream, b"* SEARCH " + " ".join(unseen).encode())
        elif command.startswith(b"UID FETCH"):
            self._fetch(stream, command)
        elif found := re.match(rb"UID STORE (\d+) \+FLAGS.SILENT \((.+)\)", command):
            self.messages[int(found[1])][1].add(found[2].decode())

    def _fetch(self, stream, command):
        uid = int(command.split()[2])
        raw = self.messages[uid][0]
        if b"RFC822.SIZE" in command:
            self._tell(stream, b"* %d FETCH (UID %d RFC822.SIZE %d)" % (uid, uid, len(raw)))
            return
        part = re.search(rb"<0\.(\d+)>", command)
        raw = raw[: int(part[1])] if part else raw
        self._tell(stream, b"* %d FETCH (UID %d BODY[] {%d}" % (uid, uid, len(raw)), raw + b")")

    def _tell(self, stream, *lines):
        stream.write(b"".join(line + b"\r\n" for line in lines))
        stream.flush()
