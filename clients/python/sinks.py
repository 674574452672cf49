"""Where messages arrive: an SMTP server and an HTTP server in this process, obedient or not."""

import asyncio
import email
import email.policy
import http.server
import json
import re
import socket
import ssl
import threading
import time

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from server import free_port

WITHIN_SECONDS = 20


def eventually(condition, within=WITHIN_SECONDS):
    """Answers what the condition answers once that is true."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{condition} did not come true within {within} seconds")


def code_of(text, digits=6):
    """The code in a text."""
    return re.search(rf"\b\d{{{digits}}}\b", text)[0]


class Authority:
    """A certificate authority of its own."""

    def __init__(self, folder):
        self.made = trustme.CA()
        self.file = folder / "authority.pem"
        self.made.cert_pem.write_to_path(self.file)

    def context(self, *names):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.made.issue_cert(*names).configure_cert(context)
        return context


class Letter:
    """An e-mail as it arrived."""

    def __init__(self, envelope):
        self.sender = envelope.mail_from
        self.recipients = envelope.rcpt_tos
        self.parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.subject = self.parsed["subject"]
        self.id = self.parsed["message-id"]
        self.text = self.parsed.get_body(("plain",)).get_content().replace("\r\n", "\n")
        self.html = self.parsed.get_body(("html",)).get_content().replace("\r\n", "\n")


class MailServer:
    """An SMTP server. `refusals` maps MAIL, RCPT or DATA to what is answered there; `stalls_at` names where it falls
    silent (GREETING, RCPT, or DATA once it has taken the message), and `stalled` tells that it has."""

    def __init__(self, wrapper=None, starttls=None, login=None, port=None):
        self.letters = []
        self.refusals = {}
        self.stalls_at = None
        self.stalled = threading.Event()
        self.connections = 0
        self.port = port or free_port()
        options = {"decode_data": False, "enable_SMTPUTF8": True}
        if starttls is not None:
            options |= {"tls_context": starttls, "require_starttls": True}
        if login is not None:
            options |= {"auth_required": True, "auth_require_tls": starttls is not None}
            options["authenticator"] = lambda *request: self._judge(login, request[-1])
        self.controller = _Controller(self, options, "127.0.0.1", self.port, wrapper)
        self.controller.start()
        # The controller itself came by to see whether it runs.
        self.connections = 0

    def stop(self):
        self.controller.stop(no_assert=True)

    def wait_for(self, recipient, number=1, within=20):
        """The letter to somebody: the first one, or a later one."""
        to = lambda: [letter for letter in list(self.letters) if letter.recipients == [recipient]]  # noqa: E731
        return eventually(lambda: to()[number - 1 : number], within)[0]

    @staticmethod
    def _judge(login, given):
        expected = tuple(part.encode() for part in login)
        is_right = isinstance(given, LoginPassword) and (given.login, given.password) == expected
        return AuthResult(success=is_right, handled=False)

    async def _pass(self, phase):
        if self.stalls_at == phase:
            self.stalled.set()
            await asyncio.sleep(3600)
        return self.refusals.get(phase)

    # What aiosmtpd calls.

    async def handle_MAIL(self, _server, _session, envelope, address, options):  # noqa: N802
        refusal = await self._pass("MAIL")
        if refusal is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return refusal or "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        refusal = await self._pass("RCPT")
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        if "DATA" not in self.refusals:
            self.letters.append(Letter(envelope))
        refusal = await self._pass("DATA")
        return refusal or "250 taken"


class _Smtp(SMTP):
    greeted = False

    async def push(self, status):
        if not self.greeted:
            self.greeted = True
            self.event_handler.connections += 1
            await self.event_handler._pass("GREETING")
        await super().push(status)


class _Controller(Controller):
    def __init__(self, sink, options, host, port, wrapper):
        self.options = options
        super().__init__(sink, hostname=host, port=port, ssl_context=wrapper, ready_timeout=20)

    def factory(self):
        return _Smtp(self.handler, **self.options)


class TextServer:
    """An HTTP server that takes text messages; `status` and `answer` are what it says, `delay` how late."""

    def __init__(self, port=None):
        self.requests = []
        self.status = 200
        self.answer = b"{}"
        self.delay = 0
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["content-length"]))
                sink.requests.append((self.path, dict(self.headers.items()), body))
                time.sleep(sink.delay)
                self.send_response(sink.status)
                self.send_header("content-length", str(len(sink.answer)))
                self.end_headers()
                self.wfile.write(sink.answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port or 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/send"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def messages(self):
        return [json.loads(body) for _, _, body in list(self.requests)]

    def wait_for(self, number_or_name, count=1):
        """The text message to a number: the first one, or a later one."""
        to = lambda: [message for message in self.messages() if message["to"] == number_or_name]  # noqa: E731
        return eventually(lambda: to()[count - 1 : count])[0]


def silent_listener(port):
    """Takes connections into its queue and never looks at them."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener
