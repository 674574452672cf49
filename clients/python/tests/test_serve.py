"""The front door of `serve`: signatures and policies, as botocore meets them."""

import json
import re
import subprocess
import urllib.error
import urllib.request

import pytest
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from people import PASSWORD, Pool, refused
from server import Server, free_port, run

ROOT = ("AKIDROOTROOTROOTROOT", "the+root/secret/of+this+test+server/0000")
ENVIRONMENT = {"COGNATE_ROOT_ACCESS_KEY_ID": ROOT[0], "COGNATE_ROOT_SECRET_ACCESS_KEY": ROOT[1]}
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


class World:
    """A server that serves, with a pool, a client, a user and the key of a reader."""

    def __init__(self, data):
        first = Server("serve", data=data, environment=ENVIRONMENT, credentials=ROOT)
        self.pool = Pool(first)
        self.client = self.pool.client()
        self.pool.user("jane", password=PASSWORD)
        first.stop()
        # Keys are made while the server is down: one process owns the data.
        policy = data / "policy.json"
        statements = [{"Effect": "Allow", "Action": "cognito-idp:AdminGet*", "Resource": self.pool.described["Arn"]}]
        policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}))
        key = json.loads(run("access-key", "create", "--policy", policy, "--data", data))
        self.reader = (key["AccessKeyId"], key["SecretAccessKey"])
        self.server = Server("serve", data=data, environment=ENVIRONMENT, credentials=ROOT)
        self.pool.server = self.server
        self.client.sdk = self.server.sdk
        self.jane = {"UserPoolId": self.pool.id, "Username": "jane"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("serve"))
    yield made
    made.server.stop()


def test_a_signed_request_is_let_in_after_a_restart(world):
    assert world.server.sdk.admin_get_user(**world.jane)["Username"] == "jane"


def test_an_unsigned_request_is_refused(world):
    unsigned = world.server.client(signature_version=UNSIGNED)
    with refused("MissingAuthenticationTokenException", "Missing Authentication Token"):
        unsigned.admin_get_user(**world.jane)


def test_another_secret_is_refused(world):
    impostor = world.server.client(credentials=(ROOT[0], "another secret"))
    with refused("InvalidSignatureException", MISMATCH):
        impostor.admin_get_user(**world.jane)


def test_an_unknown_key_is_refused(world):
    nobody = world.server.client(credentials=("AKIDNOBODYNOBODYNOBO", ROOT[1]))
    with refused("UnrecognizedClientException", "The security token included in the request is invalid."):
        nobody.admin_get_user(**world.jane)


def test_another_region_is_refused(world):
    abroad = world.server.client(region="eu-west-1")
    with refused("InvalidSignatureException", re.compile(r"^Credential should be scoped to a valid region\b")):
        abroad.admin_get_user(**world.jane)


def test_a_changed_body_is_refused(world):
    def change(request, **_):
        request.body = request.body.replace(b"jane", b"john")

    tampering = world.server.client()
    tampering.meta.events.register_last("before-send.cognito-idp.AdminGetUser", change)
    with refused("InvalidSignatureException", MISMATCH):
        tampering.admin_get_user(**world.jane)


def test_another_service_is_refused(world):
    """Signed by botocore itself, for S3."""
    request = AWSRequest(
        "POST",
        world.server.endpoint,
        data=json.dumps(world.jane),
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSCognitoIdentityProviderService.AdminGetUser",
        },
    )
    SigV4Auth(Credentials(*ROOT), "s3", "us-east-1").add_auth(request)
    sent = urllib.request.Request(request.url, data=request.body, headers=dict(request.headers))
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(sent)
    answer = json.load(caught.value)
    assert answer["__type"] == "InvalidSignatureException"
    assert answer["message"] == "Credential should be scoped to correct service: 'cognito-idp'."


def test_a_policy_lets_in_what_it_allows_and_nothing_else(world):
    reader = world.server.client(credentials=world.reader)
    assert reader.admin_get_user(**world.jane)["Username"] == "jane"

    def denial(operation, resource):
        return re.compile(
            rf"^User: arn:aws:iam::\d{{12}}:\S+ is not authorized to perform: cognito-idp:{operation} on resource: "
            rf"{re.escape(resource)} because no identity-based policy allows the cognito-idp:{operation} action$"
        )

    with refused("AccessDeniedException", denial("AdminDeleteUser", world.pool.described["Arn"])):
        reader.admin_delete_user(**world.jane)
    with refused("AccessDeniedException", denial("ListUserPools", "*")):
        reader.list_user_pools(MaxResults=10)
    assert reader.admin_get_user(**world.jane)["Username"] == "jane"


def test_public_operations_need_no_signature(world):
    unsigned = world.server.client(signature_version=UNSIGNED)
    tokens = unsigned.initiate_auth(
        ClientId=world.client.id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "jane", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    assert unsigned.get_user(AccessToken=tokens["AccessToken"])["Username"] == "jane"


def test_the_program_asks_a_server_how_it_is(world):
    place = world.server.endpoint.removeprefix("http://")
    for question in ([], ["--ready"]):
        assert run("health", "--address", place, *question) == ""
    with pytest.raises(subprocess.CalledProcessError) as nobody:
        run("health", "--address", f"127.0.0.1:{free_port()}")
    assert "Connection refused" in nobody.value.stderr


def test_the_master_key_may_stand_in_a_file(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "key").write_text("5a" * 32 + "\n")
    given = {"COGNATE_MASTER_KEY_FILE": str(tmp_path / "key")}
    server = Server("serve", data=tmp_path / "data", environment=given)
    server.stop()
    assert not (tmp_path / "data/master.key").exists()
    Server("serve", data=tmp_path / "data", environment={"COGNATE_MASTER_KEY": "5a" * 32}).stop()
    with pytest.raises(RuntimeError, match="master key"):
        Server("serve", data=tmp_path / "data", environment={"COGNATE_MASTER_KEY": "a5" * 32})
