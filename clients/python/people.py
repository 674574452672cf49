"""Pools, app clients and users to test with, in words that read like sentences."""

import base64
import hashlib
import hmac
import re
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

TEMPORARY = "Temporary1!"
PASSWORD = "Permanent1!"
NO_POOL = "us-east-1_nosuchpool"
NO_USER = ("UserNotFoundException", "User does not exist.")
WRONG_PASSWORD = ("NotAuthorizedException", "Incorrect username or password.")
PASSWORD_FLOWS = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]

# A password for every rule of the default policy, and what is said of it.
POLICY = [
    ("Aa1!aaa", "Password not long enough"),
    ("aaaa1111!", "Password must have uppercase characters"),
    ("AAAA1111!", "Password must have lowercase characters"),
    ("Aaaaaaaa!", "Password must have numeric characters"),
    ("Aaaaa1111", "Password must have symbol characters"),
]


@contextmanager
def refused(codes, message=None):
    """Holds when the call inside is refused with this code and message.

    `codes` may be a tuple where the live service's class is not settled; `message` a text or a compiled pattern.
    """
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] in ((codes,) if isinstance(codes, str) else codes), error
    if isinstance(message, re.Pattern):
        assert message.search(error["Message"]), error
    elif message is not None:
        assert error["Message"] == message


def attribute_list(attributes):
    """`{"email": ..}` as the API's list."""
    return [{"Name": name, "Value": value} for name, value in attributes.items()]


def attribute_map(attributes):
    """The API's list as `{"email": ..}`."""
    return {attribute["Name"]: attribute["Value"] for attribute in attributes}


def verified(email):
    """An address that counts."""
    return {"email": email, "email_verified": "true"}


class Pool:
    """A pool; unknown methods are those of boto3 with this pool's id."""

    def __init__(self, server, **config):
        self.server = server
        self.described = server.sdk.create_user_pool(**{"PoolName": "people", **config})["UserPool"]
        self.id = self.described["Id"]

    def __getattr__(self, operation):
        method = getattr(self.server.sdk, operation)
        return lambda **arguments: method(**{"UserPoolId": self.id, **arguments})

    def client(self, **config):
        """A new app client that may use every password flow unless told otherwise."""
        settings = {"ClientName": "application", "ExplicitAuthFlows": PASSWORD_FLOWS, **config}
        described = self.create_user_pool_client(**settings)["UserPoolClient"]
        return AppClient(self, described["ClientId"], described.get("ClientSecret"))

    def user(self, username, attributes=None, password=None, temporary_password=TEMPORARY, **more):
        """A new user, told nothing; CONFIRMED if a password is given, else FORCE_CHANGE_PASSWORD."""
        created = self.admin_create_user(
            Username=username,
            UserAttributes=attribute_list(attributes or {}),
            TemporaryPassword=temporary_password,
            **{"MessageAction": "SUPPRESS", **more},
        )["User"]
        user = User(self, created["Username"], created)
        if password is not None:
            user.admin_set_user_password(Password=password, Permanent=True)
        return user

    def outbox(self, username=None):
        return self.server.outbox(self.id, username)


class User:
    """A user; unknown methods are those of boto3 with this pool's id and this user's name."""

    def __init__(self, pool, username, created):
        self.pool = pool
        self.username = username
        self.created = created
        self.sub = attribute_map(created["Attributes"])["sub"]

    def __getattr__(self, operation):
        method = getattr(self.pool, operation)
        return lambda **arguments: method(**{"Username": self.username, **arguments})

    def read(self):
        return self.admin_get_user()

    def status(self):
        return self.read()["UserStatus"]

    def attributes(self):
        return attribute_map(self.read()["UserAttributes"])

    def update(self, attributes):
        return self.admin_update_user_attributes(UserAttributes=attribute_list(attributes))

    def groups(self, **arguments):
        return [group["GroupName"] for group in self.admin_list_groups_for_user(**arguments)["Groups"]]

    def outbox(self):
        return self.pool.outbox(self.username)


class AppClient:
    """An app client and the ways in which it signs users in."""

    def __init__(self, pool, client_id, secret=None):
        self.pool = pool
        self.sdk = pool.server.sdk
        self.id = client_id
        self.secret = secret

    def secret_hash(self, username):
        digest = hmac.digest(self.secret.encode(), f"{username}{self.id}".encode(), hashlib.sha256)
        return base64.b64encode(digest).decode()

    def admin_auth(self, flow, parameters, **more):
        return self.pool.admin_initiate_auth(ClientId=self.id, AuthFlow=flow, AuthParameters=parameters, **more)

    def public_auth(self, flow, parameters, **more):
        return self.sdk.initiate_auth(ClientId=self.id, AuthFlow=flow, AuthParameters=parameters, **more)

    def sign_in(self, username, password=PASSWORD, **more):
        """A sign-in by the administrator's API."""
        return self.admin_auth("ADMIN_USER_PASSWORD_AUTH", self._credentials(username, password), **more)

    def sign_in_publicly(self, username, password=PASSWORD, **more):
        """A sign-in by the public API."""
        return self.public_auth("USER_PASSWORD_AUTH", self._credentials(username, password), **more)

    def tokens(self, username, password=PASSWORD):
        """Tokens of a user who signs in with a password alone."""
        return self.sign_in(username, password)["AuthenticationResult"]

    def refresh(self, token, **parameters):
        answer = self.admin_auth("REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": token, **parameters})
        return answer["AuthenticationResult"]

    def answer(self, challenge, responses):
        """AdminRespondToAuthChallenge to what a sign-in asked for."""
        return self.pool.admin_respond_to_auth_challenge(
            ClientId=self.id,
            ChallengeName=challenge["ChallengeName"],
            Session=challenge["Session"],
            ChallengeResponses=responses,
        )

    def who_is(self, access_token):
        return self.sdk.get_user(AccessToken=access_token)["Username"]

    def _credentials(self, username, password):
        parameters = {"USERNAME": username, "PASSWORD": password}
        return parameters if self.secret is None else {**parameters, "SECRET_HASH": self.secret_hash(username)}
