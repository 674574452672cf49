"""Software tokens with oathtool, an authenticator of its own."""

import json
import shutil
import subprocess
import urllib.request

import pytest

from people import PASSWORD, Pool, refused

ON = {"Enabled": True, "PreferredMfa": True}


@pytest.fixture
def pool(server):
    pool = Pool(server)
    pool.set_user_pool_mfa_config(
        MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    return pool


def code(server, secret):
    """What the authenticator shows at the server's time."""
    assert shutil.which("oathtool"), "apt-get install oathtool"
    with urllib.request.urlopen(f"{server.endpoint}/_cognate/clock") as answer:
        now = json.load(answer)["now"]
    command = ["oathtool", "--totp", "--base32", f"--now=@{int(now)}", secret]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_token_is_enrolled_and_asked_for_at_the_next_sign_in(server, pool, client):
    jane = pool.user("jane", password=PASSWORD)
    access = client.tokens("jane")["AccessToken"]
    secret = server.sdk.associate_software_token(AccessToken=access)["SecretCode"]
    with refused("EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA"):
        wrong = "000000" if code(server, secret) != "000000" else "111111"
        server.sdk.verify_software_token(AccessToken=access, UserCode=wrong)
    verified = server.sdk.verify_software_token(AccessToken=access, UserCode=code(server, secret))
    assert verified["Status"] == "SUCCESS"
    jane.admin_set_user_mfa_preference(SoftwareTokenMfaSettings=ON)
    server.advance(60)
    asked = client.sign_in("jane")
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    answer = {"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": code(server, secret)}
    assert client.answer(asked, answer)["AuthenticationResult"]["IdToken"]
