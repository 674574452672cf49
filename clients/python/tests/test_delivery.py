"""Messages arrive: each flow is finished with what came by mail or text message, through `serve`."""

import email.utils
import re
import sqlite3

import pytest

from delivering import LOGIN, SENDER, metric, outbox, serve
from people import PASSWORD, Pool, attribute_list, refused, verified
from server import ON_POSTGRES
from sinks import Authority, MailServer, TextServer, code_of, eventually

SMS = {"SnsCallerArn": "arn:aws:iam::123456789012:role/service-role/sms", "ExternalId": "external"}
NEW = "Another-1!"


class World:
    """A server with STARTTLS, a login and a certificate of its own authority, and a gateway with a password."""

    def __init__(self, data):
        authority = Authority(data)
        self.mail = MailServer(starttls=authority.context("127.0.0.1"), login=LOGIN)
        self.texts = TextServer()
        self.data = data
        self.server = serve(
            data,
            f"""
            outbound.ca_file = "{authority.file}"
            [email]
            smtp = "smtp://{LOGIN[0]}@127.0.0.1:{self.mail.port}"
            tls = "required"
            from = "{SENDER}"
            reply_to = "help@cognate.example"
            [sms]
            gateway = "{self.texts.url}"
            """,
            {"COGNATE_SMTP_PASSWORD": LOGIN[1], "COGNATE_SMS_AUTHORIZATION": "Bearer of-texts"},
        )

    def stop(self):
        self.server.stop()
        self.mail.stop()
        self.texts.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("delivery"))
    yield made
    made.stop()


@pytest.fixture
def server(world):
    return world.server


@pytest.fixture
def mail(world):
    return world.mail


def invite(pool, name, mediums, attributes, **more):
    return pool.admin_create_user(
        Username=name, DesiredDeliveryMediums=mediums, UserAttributes=attribute_list(attributes), **more
    )


def temporary_password(text):
    return re.search(r"temporary password is (.*)\. ?\n?$", text)[1]


def accept(client, name, temporary):
    asked = client.sign_in(name, temporary)
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    return client.answer(asked, {"USERNAME": name, "NEW_PASSWORD": PASSWORD})["AuthenticationResult"]


def test_an_invitation_arrives_and_lets_the_user_in(pool, client, mail):
    invite(pool, "ina", ["EMAIL"], {"email": "ina@example.com"})
    letter = mail.wait_for("ina@example.com")
    assert (letter.sender, letter.parsed["from"]) == ("no-reply@cognate.example", SENDER)
    assert (letter.parsed["to"], letter.subject) == ("ina@example.com", "Your temporary password")
    assert letter.parsed["reply-to"] == "help@cognate.example"
    assert email.utils.parsedate_to_datetime(letter.parsed["date"])
    accept(client, "ina", temporary_password(letter.text))


def test_an_invitation_sent_again_replaces_the_first(pool, client, mail):
    invite(pool, "rena", ["EMAIL"], {"email": "rena@example.com"})
    first = temporary_password(mail.wait_for("rena@example.com").text)
    pool.admin_create_user(Username="rena", DesiredDeliveryMediums=["EMAIL"], MessageAction="RESEND")
    letters = [mail.wait_for("rena@example.com", number) for number in (1, 2)]
    assert letters[0].id != letters[1].id
    with refused("NotAuthorizedException", "Incorrect username or password."):
        client.sign_in("rena", first)
    accept(client, "rena", temporary_password(letters[1].text))


def test_an_invitation_by_both_mediums_arrives_by_both(world, pool, client, mail):
    invite(pool, "bo", ["EMAIL", "SMS"], {"email": "bo@example.com", "phone_number": "+12065550101"})
    password = temporary_password(mail.wait_for("bo@example.com").text)
    message = world.texts.wait_for("+12065550101")
    assert temporary_password(message["text"]) == password
    assert (message["poolId"], message["username"], message["purpose"]) == (pool.id, "bo", "AdminCreateUser")
    path, headers, _ = world.texts.requests[-1]
    assert (path, headers["authorization"]) == ("/send", "Bearer of-texts")
    accept(client, "bo", password)


def test_an_administrators_reset_arrives(pool, client, mail):
    user = pool.user("ada", verified("ada@example.com"), password=PASSWORD)
    user.admin_reset_user_password()
    code = code_of(mail.wait_for("ada@example.com").text)
    client.sdk.confirm_forgot_password(ClientId=client.id, Username="ada", ConfirmationCode=code, Password=NEW)
    assert client.tokens("ada", NEW)


def test_a_forgotten_password_is_replaced(pool, client, mail):
    pool.user("fay", verified("fay@example.com"), password=PASSWORD)
    client.sdk.forgot_password(ClientId=client.id, Username="fay")
    letter = mail.wait_for("fay@example.com")
    assert letter.subject == "Your verification code"
    code = code_of(letter.text)
    client.sdk.confirm_forgot_password(ClientId=client.id, Username="fay", ConfirmationCode=code, Password=NEW)
    assert client.tokens("fay", NEW)


def test_a_sign_up_is_confirmed(server, mail):
    client = Pool(server, AutoVerifiedAttributes=["email"]).client()
    client.sdk.sign_up(
        ClientId=client.id, Username="sue", Password=PASSWORD, UserAttributes=attribute_list({"email": "sue@example.com"})
    )
    code = code_of(mail.wait_for("sue@example.com").text)
    client.sdk.resend_confirmation_code(ClientId=client.id, Username="sue")
    second = code_of(mail.wait_for("sue@example.com", 2).text)
    assert code != second
    client.sdk.confirm_sign_up(ClientId=client.id, Username="sue", ConfirmationCode=second)
    assert client.tokens("sue")


def test_a_sign_up_by_telephone_is_confirmed(world):
    client = Pool(world.server, AutoVerifiedAttributes=["phone_number"], SmsConfiguration=SMS).client()
    attributes = attribute_list({"phone_number": "+12065550102"})
    client.sdk.sign_up(ClientId=client.id, Username="tess", Password=PASSWORD, UserAttributes=attributes)
    code = code_of(world.texts.wait_for("+12065550102")["text"])
    client.sdk.confirm_sign_up(ClientId=client.id, Username="tess", ConfirmationCode=code)
    assert client.tokens("tess")


def test_a_changed_address_is_verified(server, mail):
    pool = Pool(server, AutoVerifiedAttributes=["email"])
    user = pool.user("cleo", verified("cleo@example.com"), password=PASSWORD)
    token = pool.client().tokens("cleo")["AccessToken"]
    change = attribute_list({"email": "cleo@example.org"})
    server.sdk.update_user_attributes(AccessToken=token, UserAttributes=change)
    code = code_of(mail.wait_for("cleo@example.org").text)
    server.sdk.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)
    assert user.attributes()["email_verified"] == "true"


def test_a_second_factor_arrives_by_text_message(world):
    pool = Pool(world.server, SmsConfiguration=SMS)
    pool.set_user_pool_mfa_config(MfaConfiguration="ON", SmsMfaConfiguration={"SmsConfiguration": SMS})
    pool.user("mia", {"phone_number": "+12065550103", "phone_number_verified": "true"}, password=PASSWORD)
    client = pool.client()
    asked = client.sign_in("mia")
    assert asked["ChallengeName"] == "SMS_MFA"
    code = code_of(world.texts.wait_for("+12065550103")["text"])
    assert client.answer(asked, {"USERNAME": "mia", "SMS_MFA_CODE": code})["AuthenticationResult"]


def test_a_second_factor_arrives_by_mail(server, mail):
    source = "arn:aws:ses:us-east-1:123456789012:identity/shop@example.net"
    pool = Pool(
        server,
        EmailConfiguration={"EmailSendingAccount": "DEVELOPER", "SourceArn": source, "From": "Bücher <shop@example.net>"},
    )
    message = {"Message": "<p>Hier: <b>{####}</b></p>", "Subject": "Ihr Schlüssel"}
    pool.set_user_pool_mfa_config(MfaConfiguration="OPTIONAL", EmailMfaConfiguration=message)
    user = pool.user("eva", verified("eva@example.com"), password=PASSWORD)
    user.admin_set_user_mfa_preference(EmailMfaSettings={"Enabled": True, "PreferredMfa": True})
    client = pool.client()
    asked = client.sign_in("eva")
    assert asked["ChallengeName"] == "EMAIL_OTP"
    letter = mail.wait_for("eva@example.com")
    assert (letter.subject, letter.parsed["from"]) == ("Ihr Schlüssel", "Bücher <shop@example.net>")
    code = code_of(letter.text)
    assert (letter.html.strip(), letter.text.strip()) == (f"<p>Hier: <b>{code}</b></p>", f"Hier: {code}")
    assert client.answer(asked, {"USERNAME": "eva", "EMAIL_OTP_CODE": code})["AuthenticationResult"]


def test_what_was_sent_leaves_no_secret_behind(world, pool, client, mail):
    before = metric(world.server, "cognate_messages_sent_total")
    pool.user("lea", verified("lea@example.com"), password=PASSWORD)
    client.sdk.forgot_password(ClientId=client.id, Username="lea")
    letter = mail.wait_for("lea@example.com")
    sent = eventually(lambda: [each for each in outbox(world.data, "--state", "sent") if each["username"] == "lea"])[0]
    assert letter.id == f"<{sent['id']}@cognate.example>"
    assert {name: sent[name] for name in ("poolId", "medium", "destination", "purpose", "attempts", "reason")} == {
        "poolId": pool.id,
        "medium": "EMAIL",
        "destination": "l***@e***",
        "purpose": "ForgotPassword",
        "attempts": 1,
        "reason": None,
    }
    assert metric(world.server, "cognate_messages_sent_total") == before + 1
    assert metric(world.server, "cognate_messages_waiting") == 0
    if not ON_POSTGRES:
        with sqlite3.connect(f"file:{world.data / 'cognate.db'}?mode=ro", uri=True) as database:
            (length,) = database.execute("SELECT max(length(sealed)) FROM outbox WHERE state = 1").fetchone()
        # A message with its text is longer than this.
        assert length < 330
    log = world.server.log.read_text()
    assert code_of(letter.text) not in log and "lea@example.com" not in log


def test_connections_are_used_again(pool, client, mail):
    before = mail.connections
    pool.user("rita", verified("rita@example.com"), password=PASSWORD)
    for number in range(1, 6):
        client.sdk.forgot_password(ClientId=client.id, Username="rita")
        mail.wait_for("rita@example.com", number)
    assert mail.connections - before <= 1


def test_many_messages_arrive_once_each(pool, mail):
    names = [f"crowd{number}" for number in range(60)]
    for name in names:
        invite(pool, name, ["EMAIL"], {"email": f"{name}@example.com"})
    for name in names:
        mail.wait_for(f"{name}@example.com")
    recipients = [letter.recipients[0] for letter in mail.letters]
    assert all(recipients.count(f"{name}@example.com") == 1 for name in names)
