"""examples/user_management.py as its readers run it, in the lenient and in the strict pool."""

import os
import subprocess
import sys

import pytest

from people import attribute_map, refused
from server import REPOSITORY, Server

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
