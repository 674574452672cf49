"""Text messages through Amazon SNS: the form of `Publish`, and a signature that botocore would have made."""

import urllib.parse

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from delivering import outbox, serve
from people import PASSWORD, Pool
from sinks import TextServer, code_of, eventually

KEY = ("AKIDTEXTMESSAGES0000", "the+secret/of+text/messages", "a/session+token==")
ACCEPTED = b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"


class World:
    def __init__(self, data):
        self.data = data
        self.sns = TextServer()
        self.sns.answer = ACCEPTED
        self.server = serve(
            data,
            f"""
            [sms.sns]
            region = "eu-central-1"
            endpoint = "http://127.0.0.1:{self.sns.port}/"
            sender_id = "Example"
            """,
            {"AWS_ACCESS_KEY_ID": KEY[0], "AWS_SECRET_ACCESS_KEY": KEY[1], "AWS_SESSION_TOKEN": KEY[2]},
        )
        self.pool = Pool(self.server)
        self.client = self.pool.client()

    def ask(self, name, number):
        self.pool.user(name, {"phone_number": number, "phone_number_verified": "true"}, password=PASSWORD)
        before = len(self.sns.requests)
        self.client.sdk.forgot_password(ClientId=self.client.id, Username=name)
        eventually(lambda: len(self.sns.requests) > before)
        return self.sns.requests[-1]

    def entry(self, name):
        return next(entry for entry in outbox(self.data) if entry["username"] == name)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("sns"))
    yield made
    made.server.stop()
    made.sns.stop()


def test_a_code_is_published_to_a_number(world):
    _, _, body = world.ask("tom", "+12065550100")
    form = dict(urllib.parse.parse_qsl(body.decode()))
    assert (form["Action"], form["Version"], form["PhoneNumber"]) == ("Publish", "2010-03-31", "+12065550100")
    attributes = {
        form[f"MessageAttributes.entry.{number}.Name"]: form[f"MessageAttributes.entry.{number}.Value.StringValue"]
        for number in (1, 2)
    }
    assert attributes == {"AWS.SNS.SMS.SMSType": "Transactional", "AWS.SNS.SMS.SenderID": "Example"}
    assert form["MessageAttributes.entry.1.Value.DataType"] == "String"
    eventually(lambda: world.entry("tom")["state"] == "sent")
    code, new = code_of(form["Message"]), "Another-1!"
    world.client.sdk.confirm_forgot_password(
        ClientId=world.client.id, Username="tom", ConfirmationCode=code, Password=new
    )
    assert world.client.tokens("tom", new)


def test_botocore_would_have_signed_it_alike(world):
    path, headers, body = world.ask("tim", "+12065550101")
    headers = {name.lower(): value for name, value in headers.items()}
    assert headers["x-amz-security-token"] == KEY[2]
    signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    assert {"host", "content-type", "x-amz-date", "x-amz-security-token"} <= set(signed)
    request = AWSRequest("POST", f"http://127.0.0.1:{world.sns.port}{path}", data=body)
    for name in signed:
        request.headers[name] = headers[name]
    signer = SigV4Auth(Credentials(*KEY), "sns", "eu-central-1")
    request.context["timestamp"] = headers["x-amz-date"]
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    assert headers["authorization"].endswith(f"Signature={signature}")
    assert headers["authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={KEY[0]}/")


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [(400, "Throttling", "waiting"), (500, "InternalFailure", "waiting"), (400, "InvalidParameter", "given-up")],
)
def test_errors_are_told_apart_by_their_code(world, status, code, state):
    world.sns.status, world.sns.answer = status, f"<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>".encode()
    name = f"tina-{code.lower()}"
    world.ask(name, "+12065550102")
    entry = eventually(lambda: world.entry(name) if world.entry(name)["reason"] else None)
    assert (entry["state"], entry["reason"]) == (state, f"SNS answered {status}: {code}")
    world.sns.status, world.sns.answer = 200, ACCEPTED
