"""The programs of examples/ as their readers run them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import boto3
import botocore
import botocore.config
import jwt
import pytest

from people import attribute_map, refused
from server import BINARY, REPOSITORY, Server, free_port

EMPLOYEE = {"UserPoolId": "us-east-1_example123", "Username": "employee@company.com"}


@pytest.fixture(params=["pools.toml", "strict-pools.toml"])
def server(request):
    running = Server(pools=REPOSITORY / "examples" / request.param)
    running.is_lenient = request.param == "pools.toml"
    yield running
    running.stop()


def test_user_management(server):
    environment = {"PATH": os.environ["PATH"], "HOME": str(server.data), "AWS_ENDPOINT_URL": server.endpoint}
    program = [sys.executable, REPOSITORY / "examples" / "user_management.py"]
    ended = subprocess.run(program, env=environment, capture_output=True, text=True)
    if server.is_lenient:
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.splitlines() == [
            "User created successfully: employee@company.com",
            "User status: CONFIRMED",
            "MFA enabled: ['SOFTWARE_TOKEN_MFA']",
        ]
        attributes = attribute_map(server.sdk.admin_get_user(**EMPLOYEE)["UserAttributes"])
        assert attributes["custom:department"] == "Engineering"
    else:
        assert ended.returncode != 0
        assert (
            "Attributes did not conform to the schema: Type for attribute {department} could not be determined"
            in ended.stderr
        )
        with refused("UserNotFoundException", "User does not exist."):
            server.sdk.admin_get_user(**EMPLOYEE)


@pytest.fixture(params=["javascript", "python"])
def triggered(request):
    """examples/triggers, as its readers start it."""
    folder = tempfile.mkdtemp(prefix="cognate-triggers-")
    port = free_port()
    command = [REPOSITORY / "examples" / "triggers" / "run", request.param]
    command += ["--listen", f"127.0.0.1:{port}", "--data", folder]
    process = subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, "COGNATE_BIN": str(BINARY)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        wait_for(f"{endpoint}/ready", process)
        wait_for("http://127.0.0.1:9400/", process)
        yield client_of(endpoint)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(15)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(url, process):
    """Waits until something answers there, whatever it says."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"nothing answered at {url}")


def client_of(endpoint):
    unsigned = botocore.config.Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1})
    return boto3.client("cognito-idp", endpoint_url=endpoint, region_name="us-east-1", config=unsigned)


def test_triggers(triggered):
    def sign_up(name, email):
        attributes = [{"Name": "email", "Value": email}]
        client = {"ClientId": "triggersclient00000000001", "Username": name, "Password": "Permanent1!"}
        return triggered.sign_up(**client, UserAttributes=attributes)

    with refused("UserLambdaValidationException", "PreSignUp failed with error Only people of example.com sign up here."):
        sign_up("mallory", "mallory@example.net")
    assert sign_up("jane", "jane@example.com")["UserConfirmed"]
    parameters = {"USERNAME": "jane", "PASSWORD": "Permanent1!"}
    flow = {"ClientId": "triggersclient00000000001", "AuthFlow": "USER_PASSWORD_AUTH"}
    tokens = triggered.initiate_auth(**flow, AuthParameters=parameters)["AuthenticationResult"]
    claims = jwt.decode(tokens["AccessToken"], options={"verify_signature": False})
    assert (claims["plan"], claims["mail"]) == ("gold", "jane@example.com")
