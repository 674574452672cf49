"""What happens to a user while somebody is in the middle of a sign-in."""

import base64
import hashlib
import hmac
import struct
import time

import pytest

from people import PASSWORD, Pool, attribute_list, refused, verified

OUT_OF_ORDER = ("NotAuthorizedException", "Invalid session for the user.")
MISMATCH = ("CodeMismatchException", "Invalid code or auth state for the user.")
BY_CHOICE = ["ALLOW_USER_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]
SMS = {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "x"}


def totp(secret, steps=0):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30 + steps), hashlib.sha1)
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class SettingUp:
    """Somebody who knows the password and is asked to set up a second factor."""

    def __init__(self, client):
        self.client = client
        self.challenge = client.sign_in("jane")
        assert self.challenge["ChallengeName"] == "MFA_SETUP"

    def associate(self):
        answer = self.client.sdk.associate_software_token(Session=self.challenge["Session"])
        self.challenge = {**self.challenge, "Session": answer["Session"]}
        self.secret = answer["SecretCode"]

    def verify(self, steps=0):
        session = self.challenge["Session"]
        answer = self.client.sdk.verify_software_token(Session=session, UserCode=totp(self.secret, steps))
        self.challenge = {**self.challenge, "Session": answer["Session"]}

    def finish(self, **responses):
        return self.client.answer(self.challenge, {"USERNAME": "jane", **responses})


@pytest.fixture
def strict(server):
    """A pool that asks everybody for two factors, and jane, who has one."""
    pool = Pool(server, Policies={"PasswordPolicy": {"MinimumLength": 8}})
    pool.set_user_pool_mfa_config(MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True})
    pool.user("jane", verified("jane@example.com"), password=PASSWORD)
    return pool


def test_a_second_factor_is_set_up_while_there_is_none(strict):
    client = strict.client()
    thief, owner = SettingUp(client), SettingUp(client)
    thief.associate()
    owner.associate()
    owner.verify()
    # A verified token is one, whether or not the sign-in that set it up has ended.
    for attempt in [thief.associate, thief.verify]:
        with refused(*OUT_OF_ORDER):
            attempt()
    assert owner.finish()["AuthenticationResult"]["AccessToken"]
    for attempt in [thief.associate, thief.verify, thief.finish, lambda: thief.finish(EMAIL="thief@example.com")]:
        with refused(*OUT_OF_ORDER):
            attempt()
    asked = client.sign_in("jane")
    code = {"USERNAME": "jane", "SOFTWARE_TOKEN_MFA_CODE": totp(owner.secret, 1)}
    assert client.answer(asked, code)["AuthenticationResult"]["AccessToken"]


def test_a_session_of_a_token_ends_with_that_token(strict):
    client = strict.client()
    thief = SettingUp(client)
    thief.associate()
    thief.verify()
    strict.admin_delete_software_token(Username="jane")
    owner = SettingUp(client)
    owner.associate()
    owner.verify()
    with refused(*OUT_OF_ORDER):
        thief.finish()
    assert owner.finish()["AuthenticationResult"]["AccessToken"]


@pytest.fixture
def by_choice(server):
    factors = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}
    pool = Pool(server, AutoVerifiedAttributes=["email"], Policies=factors, SmsConfiguration=SMS)
    pool.user("jane", verified("jane@example.com"), password=PASSWORD)
    return pool


def test_a_code_proves_no_other_address_than_the_one_that_it_went_to(by_choice):
    client = by_choice.client(ExplicitAuthFlows=BY_CHOICE)
    asked = client.admin_auth("USER_AUTH", {"USERNAME": "jane", "PREFERRED_CHALLENGE": "EMAIL_OTP"})
    answer = {"USERNAME": "jane", "EMAIL_OTP_CODE": by_choice.outbox("jane")[0]["code"]}
    change = {"Username": "jane", "UserAttributes": attribute_list({"email": "victim@example.com"})}
    by_choice.admin_update_user_attributes(**change)
    with refused(*MISMATCH):
        client.answer(asked, answer)
    attributes = by_choice.admin_get_user(Username="jane")["UserAttributes"]
    assert {"Name": "email_verified", "Value": "true"} not in attributes
    change["UserAttributes"] = attribute_list(verified("jane@example.com"))
    by_choice.admin_update_user_attributes(**change)
    assert client.answer(asked, answer)["AuthenticationResult"]["AccessToken"]


def test_neither_does_a_code_by_text_message(by_choice):
    client = by_choice.client()
    by_choice.set_user_pool_mfa_config(MfaConfiguration="OPTIONAL", SmsMfaConfiguration={"SmsConfiguration": SMS})
    number = {"phone_number": "+12065550100", "phone_number_verified": "true"}
    by_choice.admin_update_user_attributes(Username="jane", UserAttributes=attribute_list(number))
    by_choice.admin_set_user_mfa_preference(Username="jane", SMSMfaSettings={"Enabled": True, "PreferredMfa": True})
    asked = client.sign_in("jane")
    answer = {"USERNAME": "jane", "SMS_MFA_CODE": by_choice.outbox("jane")[0]["code"]}
    other = attribute_list({"phone_number": "+12065550199"})
    by_choice.admin_update_user_attributes(Username="jane", UserAttributes=other)
    with refused(*MISMATCH):
        client.answer(asked, answer)
    attributes = by_choice.admin_get_user(Username="jane")["UserAttributes"]
    assert {"Name": "phone_number_verified", "Value": "true"} not in attributes


@pytest.mark.parametrize("name", ["jane", "nobody"])
def test_no_code_is_judged_before_one_was_sent(by_choice, name):
    client = by_choice.client(ExplicitAuthFlows=BY_CHOICE, PreventUserExistenceErrors="ENABLED")
    asked = client.admin_auth("USER_AUTH", {"USERNAME": name})
    for _ in range(6):
        with refused(*OUT_OF_ORDER):
            client.answer({**asked, "ChallengeName": "EMAIL_OTP"}, {"USERNAME": name, "EMAIL_OTP_CODE": "12345678"})
    with refused("NotAuthorizedException", "Incorrect username or password."):
        client.sign_in(name, "Wrong-one1!")


def test_the_older_step_for_passwords_needs_its_flow_as_well(strict):
    client = strict.client(ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    with refused("InvalidParameterException", "Auth flow not enabled for this client"):
        strict.admin_respond_to_auth_challenge(
            ClientId=client.id,
            ChallengeName="ADMIN_NO_SRP_AUTH",
            ChallengeResponses={"USERNAME": "jane", "PASSWORD": PASSWORD},
        )
