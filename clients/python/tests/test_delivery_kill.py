"""The server is killed between the commit and the delivery: the message arrives, and at most once more than needed."""

import signal

import pytest

from delivering import SENDER, outbox, serve
from people import Pool, attribute_list
from server import ON_POSTGRES, free_port
from sinks import MailServer, eventually, silent_listener

# Where servers share a database, a message is the dead server's for a minute.
WITHIN_SECONDS = 90 if ON_POSTGRES else 20


class Killed:
    """A server that is started anew on the same data."""

    def __init__(self, data, port):
        self.data = data
        self.config = f'[email]\nsmtp = "smtp://127.0.0.1:{port}"\nfrom = "{SENDER}"'
        self.server = serve(data, self.config)
        self.pool = Pool(self.server)

    def invite(self, name):
        attributes = attribute_list({"email": f"{name}@example.com"})
        self.pool.admin_create_user(Username=name, DesiredDeliveryMediums=["EMAIL"], UserAttributes=attributes)

    def kill(self):
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait()

    def restart(self):
        self.server = serve(self.data, self.config)
        self.pool.server = self.server

    def wait_until_sent(self, number):
        eventually(lambda: len(outbox(self.data, "--state", "sent")) == number, WITHIN_SECONDS)


@pytest.mark.parametrize("phase", ["nobody listens", "connect", "GREETING", "MAIL", "RCPT", "DATA"])
def test_a_message_survives_a_kill(tmp_path, phase):
    if ON_POSTGRES and phase not in ("nobody listens", "DATA"):
        pytest.skip("each takes a minute: two phases suffice")
    port, listener, mail = free_port(), None, None
    if phase == "connect":
        listener = silent_listener(port)
    elif phase != "nobody listens":
        mail = MailServer(port=port)
        mail.stalls_at = phase
    killed = Killed(tmp_path, port)
    killed.invite("ina")
    if mail:
        assert mail.stalled.wait(20)
    else:
        eventually(lambda: outbox(tmp_path)[0]["attempts"] >= 1)
    killed.kill()
    before = []
    if mail:
        before = mail.letters
        mail.stop()
    if listener:
        listener.close()
    mail = MailServer(port=port)
    killed.restart()
    letter = mail.wait_for("ina@example.com", within=WITHIN_SECONDS)
    killed.wait_until_sent(1)
    # Only what had been taken over before the kill comes twice, under one id.
    assert len(before) == (1 if phase == "DATA" else 0)
    assert all(earlier.id == letter.id for earlier in before)
    assert len(mail.letters) == 1
    killed.server.stop()
    mail.stop()


def test_a_kill_right_after_the_answer_loses_nothing(tmp_path):
    port = free_port()
    mail = MailServer(port=port)
    killed = Killed(tmp_path, port)
    rounds = 6
    for number in range(rounds):
        killed.invite(f"ina{number}")
        killed.kill()
        killed.restart()
    for number in range(rounds):
        mail.wait_for(f"ina{number}@example.com", within=WITHIN_SECONDS)
    killed.wait_until_sent(rounds)
    for number in range(rounds):
        ids = [letter.id for letter in mail.letters if letter.recipients == [f"ina{number}@example.com"]]
        assert len(ids) <= 2 and len(set(ids)) == 1, ids
    killed.server.stop()
    mail.stop()


def test_a_server_that_stops_lets_a_delivery_end(tmp_path):
    port = free_port()
    mail = MailServer(port=port)
    killed = Killed(tmp_path, port)
    for number in range(20):
        killed.invite(f"ina{number}")
    killed.server.stop()
    killed.restart()
    killed.wait_until_sent(20)
    recipients = [letter.recipients[0] for letter in mail.letters]
    assert sorted(recipients) == sorted({f"ina{number}@example.com" for number in range(20)})
    killed.server.stop()
    mail.stop()
