"""Servers that are down, late or unwilling: what is tried again, what is given up, and what operators read of it."""

import subprocess

import pytest

from delivering import LOGIN, SENDER, dev, metric, outbox, serve
from people import PASSWORD, Pool, attribute_list, refused, verified
from server import BINARY, environment_of, free_port, run
from sinks import Authority, MailServer, TextServer, code_of, eventually, silent_listener


class Failing:
    """A server for development with a mail server and a gateway that may be away."""

    def __init__(self, data):
        self.data = data
        self.mail = MailServer()
        self.texts = TextServer()
        self.server = dev(
            data,
            "--smtp",
            f"smtp://127.0.0.1:{self.mail.port}",
            "--mail-from",
            SENDER,
            "--sms-gateway",
            self.texts.url,
        )
        self.pool = Pool(self.server)
        self.client = self.pool.client()

    def ask(self, name):
        """A code for a new user, who has that name at example.com."""
        self.pool.user(name, verified(f"{name}@example.com"), password=PASSWORD)
        self.client.sdk.forgot_password(ClientId=self.client.id, Username=name)

    def entry(self, name):
        return next(entry for entry in outbox(self.data) if entry["username"] == name)

    def wait_until(self, name, **members):
        """The entry of a user's message once it has these members."""

        def reached():
            entry = self.entry(name)
            return entry if all(entry[key] == value for key, value in members.items()) else None

        return eventually(reached)

    def readable(self, name):
        return self.server.outbox(self.pool.id, name)[0]

    def stop(self):
        self.server.stop()
        self.mail.stop()
        self.texts.stop()


@pytest.fixture
def failing(tmp_path):
    made = Failing(tmp_path)
    yield made
    made.stop()


def test_a_server_that_was_down_gets_the_message_later(failing):
    port = failing.mail.port
    failing.mail.stop()
    failing.ask("maria")
    entry = failing.wait_until("maria", attempts=1)
    entry = eventually(lambda: failing.entry("maria") if failing.entry("maria")["reason"] else None)
    assert entry["state"] == "waiting" and "no way in" in entry["reason"], entry
    for attempts, seconds in [(2, 2), (3, 6), (4, 34), (5, 133), (6, 661)]:
        failing.server.advance(seconds)
        failing.wait_until("maria", attempts=attempts, state="waiting")
    failing.mail = MailServer(port=port)
    failing.server.advance(1_981)
    letter = failing.mail.wait_for("maria@example.com")
    failing.wait_until("maria", state="sent", attempts=7, reason=None, nextAttemptAt=None)
    code = code_of(letter.text)
    sdk, client = failing.client.sdk, failing.client.id
    sdk.confirm_forgot_password(ClientId=client, Username="maria", ConfirmationCode=code, Password="Another-1!")


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA"])
def test_what_the_mail_server_refuses_for_good_is_given_up(failing, phase):
    failing.mail.refusals[phase] = f"550 5.1.1 nobody at {phase}"
    before = metric(failing.server, "cognate_messages_given_up_total")
    failing.ask("maria")
    entry = failing.wait_until("maria", state="given-up", attempts=1)
    assert "550" in entry["reason"] and f"nobody at {phase}" in entry["reason"]
    assert metric(failing.server, "cognate_messages_given_up_total") == before + 1
    failed = _retry(failing, entry)
    assert failed.returncode != 0 and "the message was given-up" in failed.stderr


def _retry(failing, entry):
    command = [BINARY, "outbox", "retry", entry["id"], "--data", failing.data]
    return subprocess.run(command, capture_output=True, text=True, env=environment_of(failing.data))


@pytest.mark.parametrize("phase", ["MAIL", "RCPT", "DATA"])
def test_what_the_mail_server_puts_off_is_tried_again(failing, phase):
    failing.mail.refusals[phase] = "451 come back later"
    failing.ask("maria")
    entry = eventually(lambda: failing.entry("maria") if failing.entry("maria")["reason"] else None)
    assert entry["state"] == "waiting" and "come back later" in entry["reason"]
    failing.mail.refusals.clear()
    failing.server.advance(2)
    failing.mail.wait_for("maria@example.com")
    failing.wait_until("maria", state="sent", attempts=2)


def test_an_operator_has_a_message_tried_at_once(failing):
    failing.mail.refusals["RCPT"] = "451 come back later"
    failing.ask("maria")
    for attempts, seconds in [(2, 2), (3, 6)]:
        failing.wait_until("maria", attempts=attempts - 1, state="waiting")
        failing.server.advance(seconds)
    entry = failing.wait_until("maria", attempts=3)
    eventually(lambda: failing.entry("maria")["nextAttemptAt"] > entry["createdAt"])
    failing.mail.refusals.clear()

    def retried():
        return _retry(failing, entry).returncode == 0

    eventually(retried)
    failing.mail.wait_for("maria@example.com")


def test_a_reason_repeats_no_secret(failing):
    failing.mail.refusals["RCPT"] = "550 no such user maria@example.com\x07 here"
    failing.ask("maria")
    entry = failing.wait_until("maria", state="given-up")
    assert "maria@example.com" not in entry["reason"] and "***" in entry["reason"]


def test_a_code_that_expired_is_not_sent_any_more(failing):
    failing.mail.refusals["RCPT"] = "451 come back later"
    failing.ask("maria")
    failing.wait_until("maria", attempts=1)
    failing.mail.refusals.clear()
    failing.server.advance(3_601)
    entry = failing.wait_until("maria", state="given-up")
    assert entry["reason"].startswith("expired; ") and "come back later" in entry["reason"]
    assert failing.mail.letters == []


def test_an_invitation_is_given_up_after_a_day(failing):
    failing.mail.refusals["RCPT"] = "451 come back later"
    attributes = attribute_list({"email": "ina@example.com"})
    failing.pool.admin_create_user(Username="ina", DesiredDeliveryMediums=["EMAIL"], UserAttributes=attributes)
    failing.wait_until("ina", attempts=1)
    failing.server.advance(86_300)
    failing.wait_until("ina", attempts=2, state="waiting")
    failing.server.advance(3_961)
    failing.wait_until("ina", state="given-up")


def test_an_address_that_is_none_is_given_up(failing):
    failing.pool.user("odd", {"email": "a..b@example.com", "email_verified": "true"}, password=PASSWORD)
    failing.client.sdk.forgot_password(ClientId=failing.client.id, Username="odd")
    failing.wait_until("odd", state="given-up", reason="the destination is not an e-mail address")


def test_a_subject_holds_no_header(failing):
    template = {"EmailSubject": "Hi\r\nBcc: eve@example.com", "EmailMessage": "{####}"}
    pool = Pool(failing.server, VerificationMessageTemplate=template)
    client = pool.client()
    pool.user("maria", verified("maria@example.com"), password=PASSWORD)
    client.sdk.forgot_password(ClientId=client.id, Username="maria")
    letter = failing.mail.wait_for("maria@example.com")
    assert letter.parsed["bcc"] is None and letter.subject == "Hi  Bcc: eve@example.com"


def texted(failing, name, number):
    failing.pool.user(name, {"phone_number": number, "phone_number_verified": "true"}, password=PASSWORD)
    failing.client.sdk.forgot_password(ClientId=failing.client.id, Username=name)


@pytest.mark.parametrize("status", [408, 429, 500, 503, 302])
def test_a_gateway_that_is_busy_or_broken_is_asked_again(failing, status):
    failing.texts.status = status
    texted(failing, "tom", "+12065550100")
    entry = eventually(lambda: failing.entry("tom") if failing.entry("tom")["reason"] else None)
    assert (entry["state"], entry["reason"]) == ("waiting", f"the gateway answered {status}")
    failing.texts.status = 202
    failing.server.advance(2)
    failing.wait_until("tom", state="sent", attempts=2)
    first, second = failing.texts.messages()
    assert first == second, "the gateway can tell that it has seen the message"


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_what_a_gateway_refuses_is_given_up(failing, status):
    failing.texts.status = status
    texted(failing, "tom", "+12065550100")
    failing.wait_until("tom", state="given-up", attempts=1, reason=f"the gateway answered {status}")


def test_the_outbox_of_dev_stays_readable_and_says_the_state(failing):
    failing.ask("maria")
    letter = failing.mail.wait_for("maria@example.com")
    failing.wait_until("maria", state="sent")
    readable = failing.readable("maria")
    assert (readable["state"], readable["attempts"]) == ("sent", 1)
    assert readable["code"] == code_of(letter.text) and readable["destination"] == "maria@example.com"
    table = run("outbox", "--data", failing.data)
    assert readable["id"] in table and readable["code"] not in table and "m***@e***" in table


# What only shows with TLS, a login or an impatient configuration, as `serve` has it.


def first_reason(data, config, environment=None):
    """What is said of the first attempt to reach somebody."""
    server = serve(data, config, environment)
    try:
        pool = Pool(server)
        client = pool.client()
        pool.user("maria", verified("maria@example.com"), password=PASSWORD)
        client.sdk.forgot_password(ClientId=client.id, Username="maria")
        entry = eventually(lambda: next((entry for entry in outbox(data) if entry["reason"]), None))
        assert entry["state"] == "waiting", entry
        return entry["reason"]
    finally:
        server.stop()


def email_section(url, *lines):
    return "\n".join(["[email]", f'smtp = "{url}"', f'from = "{SENDER}"', *lines])


def test_mail_goes_by_tls_from_the_first_byte(tmp_path):
    authority = Authority(tmp_path)
    mail = MailServer(wrapper=authority.context("localhost"), login=LOGIN)
    section = email_section(f"smtps://localhost:{mail.port}", f'username = "{LOGIN[0]}"', f'password = "{LOGIN[1]}"')
    server = serve(tmp_path, f'outbound.ca_file = "{authority.file}"\n{section}')
    try:
        pool = Pool(server)
        client = pool.client()
        pool.user("maria", verified("maria@example.com"), password=PASSWORD)
        client.sdk.forgot_password(ClientId=client.id, Username="maria")
        assert code_of(mail.wait_for("maria@example.com").text)
    finally:
        server.stop()
        mail.stop()


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    mail = MailServer(wrapper=Authority(tmp_path).context("localhost"))
    reason = first_reason(tmp_path, email_section(f"smtps://localhost:{mail.port}"))
    assert "UnknownIssuer" in reason and mail.letters == []
    mail.stop()


def test_a_certificate_for_another_name_is_refused(tmp_path):
    authority = Authority(tmp_path)
    mail = MailServer(starttls=authority.context("elsewhere.example"))
    section = email_section(f"smtp://localhost:{mail.port}", 'tls = "required"')
    reason = first_reason(tmp_path, f'outbound.ca_file = "{authority.file}"\n{section}')
    assert "not valid for name" in reason and mail.letters == []
    mail.stop()


def test_without_starttls_nothing_is_said(tmp_path):
    mail = MailServer()
    reason = first_reason(tmp_path, email_section(f"smtp://localhost:{mail.port}", 'tls = "required"'))
    assert "STARTTLS is not supported" in reason and mail.letters == []
    mail.stop()


def test_a_refused_login_is_told_without_the_password(tmp_path):
    authority = Authority(tmp_path)
    mail = MailServer(starttls=authority.context("localhost"), login=LOGIN)
    section = email_section(f"smtp://{LOGIN[0]}@localhost:{mail.port}", 'tls = "required"')
    environment = {"COGNATE_SMTP_PASSWORD": "not the password"}
    reason = first_reason(tmp_path, f'outbound.ca_file = "{authority.file}"\n{section}', environment)
    assert "no way in" in reason and "535" in reason and "not the password" not in reason
    mail.stop()


def test_a_mail_server_that_says_nothing_is_left(tmp_path):
    port = free_port()
    listener = silent_listener(port)
    reason = first_reason(tmp_path, email_section(f"smtp://127.0.0.1:{port}", "timeout_seconds = 1"))
    assert reason == "the SMTP server did not answer in time"
    listener.close()


def test_a_gateway_that_says_nothing_is_left(tmp_path):
    texts = TextServer()
    texts.delay = 30
    server = serve(tmp_path, f'[sms]\ngateway = "{texts.url}"\ntimeout_seconds = 1')
    pool = Pool(server)
    client = pool.client()
    pool.user("tom", {"phone_number": "+12065550100", "phone_number_verified": "true"}, password=PASSWORD)
    client.sdk.forgot_password(ClientId=client.id, Username="tom")
    entry = eventually(lambda: next((entry for entry in outbox(tmp_path) if entry["reason"]), None))
    assert (entry["state"], entry["reason"]) == ("waiting", "no answer in time")
    server.stop()
    texts.stop()


@pytest.fixture(scope="module")
def mute(tmp_path_factory):
    """`serve` without transports."""
    server = serve(tmp_path_factory.mktemp("mute"), "")
    yield server
    server.stop()


class TestWithoutAWay:
    NO_EMAIL = "No way to deliver messages by EMAIL is configured."

    def test_what_needs_a_message_is_refused(self, mute):
        pool = Pool(mute, AutoVerifiedAttributes=["email"])
        client = pool.client()
        user = pool.user("jane", verified("jane@example.com"), password=PASSWORD)
        token = client.tokens("jane")["AccessToken"]
        failure = "CodeDeliveryFailureException"
        with refused(failure, self.NO_EMAIL):
            pool.admin_create_user(
                Username="ina",
                DesiredDeliveryMediums=["EMAIL"],
                UserAttributes=attribute_list({"email": "ina@example.com"}),
            )
        with refused("UserNotFoundException"):
            pool.admin_get_user(Username="ina")
        with refused(failure, self.NO_EMAIL):
            client.sdk.forgot_password(ClientId=client.id, Username="jane")
        with refused(failure, self.NO_EMAIL):
            attributes = attribute_list({"email": "sue@example.com"})
            client.sdk.sign_up(ClientId=client.id, Username="sue", Password=PASSWORD, UserAttributes=attributes)
        with refused(failure, self.NO_EMAIL):
            change = attribute_list({"email": "jane@example.org"})
            mute.sdk.update_user_attributes(AccessToken=token, UserAttributes=change)
        with refused(failure, self.NO_EMAIL):
            mute.sdk.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
        # Not modelled by these: the nearest that is.
        with refused("InvalidParameterException", self.NO_EMAIL):
            user.admin_reset_user_password()
        assert client.tokens("jane"), "nothing has changed"

    def test_a_second_factor_that_reaches_nobody_is_told(self, mute):
        sms = {"SnsCallerArn": "arn:aws:iam::123456789012:role/service-role/sms", "ExternalId": "external"}
        pool = Pool(mute, SmsConfiguration=sms)
        pool.set_user_pool_mfa_config(MfaConfiguration="ON", SmsMfaConfiguration={"SmsConfiguration": sms})
        pool.user("mia", {"phone_number": "+12065550103", "phone_number_verified": "true"}, password=PASSWORD)
        expected = "No way to deliver messages by SMS is configured."
        with refused("InvalidUserPoolConfigurationException", expected):
            pool.client().sign_in("mia")

    def test_nobody_learns_who_exists(self, mute):
        pool = Pool(mute, AutoVerifiedAttributes=["email"])
        client = pool.client(PreventUserExistenceErrors="ENABLED")
        pool.user("jane", verified("jane@example.com"), password=PASSWORD)
        for name in ("jane", "nobody", "nobody@example.com"):
            with refused("CodeDeliveryFailureException", "No way to deliver messages is configured."):
                client.sdk.forgot_password(ClientId=client.id, Username=name)


def test_where_one_medium_is_missing_nobody_learns_who_has_it(tmp_path):
    mail = MailServer()
    server = serve(tmp_path, email_section(f"smtp://127.0.0.1:{mail.port}"))
    pool = Pool(server)
    client = pool.client(PreventUserExistenceErrors="ENABLED")
    pool.user("tom", {"phone_number": "+12065550100", "phone_number_verified": "true"}, password=PASSWORD)
    ask = lambda name: client.sdk.forgot_password(ClientId=client.id, Username=name)  # noqa: E731
    for name in ("tom", "nobody"):
        assert ask(name)["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    assert outbox(tmp_path) == []
    server.stop()
    mail.stop()


def test_kept_messages_are_there_where_the_operator_wants_them(tmp_path):
    server = serve(tmp_path, 'undelivered = "keep"')
    pool = Pool(server)
    client = pool.client()
    pool.user("jane", verified("jane@example.com"), password=PASSWORD)
    client.sdk.forgot_password(ClientId=client.id, Username="jane")
    (entry,) = outbox(tmp_path)
    assert (entry["state"], entry["attempts"], entry["nextAttemptAt"]) == ("kept", 0, None)
    server.stop()
