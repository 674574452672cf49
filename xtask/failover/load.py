"""Clients with a ledger: what was acknowledged, what may have happened, and when."""

import collections
import itertools
import random
import secrets
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

REGION = "us-east-1"
CLIENTS = 8
UPDATES = 3
EVENTS_A_PAGE = 60

Success = collections.namedtuple("Success", "at node kind")
Trouble = collections.namedtuple("Trouble", "at node operation text")


def client(endpoint, key):
    """As an application makes one: the retries that newer SDKs have by default."""
    return boto3.session.Session().client(
        "cognito-idp",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        config=Config(retries={"mode": "standard"}),
    )


class User:
    """What is known of a user."""

    def __init__(self, name):
        self.name = name
        self.password = "Ab1!" + secrets.token_hex(8)
        self.created = False
        self.acknowledged = 0
        self.attempted = 0
        self.sign_ins = 0
        # Requests that left a client, retries included: more sign-ins than these are one done twice.
        self.sign_in_requests = 0


class Load:
    """Runs clients on every node until it is told to stop."""

    def __init__(self, nodes, key, pool, app):
        self.nodes, self.pool, self.app = nodes, pool, app
        self.users, self.successes, self.troubles, self.wrong, self.stale = [], [], [], [], []
        self.requests = 0
        self.stopping = threading.Event()
        self.run = secrets.token_hex(3)
        self.threads = [
            threading.Thread(target=self._work, args=(number, number % len(nodes), key)) for number in range(CLIENTS)
        ]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def last(self, kind, node):
        """When this node last acknowledged something of this kind."""
        return max((s.at for s in list(self.successes) if s.kind == kind and s.node == node), default=0)

    def _work(self, number, node, key):
        sdk = client(self.nodes[node], key)
        sent = itertools.count()
        sdk.meta.events.register("before-send", lambda **_: next(sent) and None)
        ask = Asking(self, node, sdk, sent)
        for turn in itertools.count():
            if self.stopping.is_set():
                self.requests += next(sent)
                return
            user = User(f"{self.run}-{number}-{turn}")
            self.users.append(user)
            self._one(ask, user, signs_in=turn % 3 == 0)
            time.sleep(random.uniform(0.02, 0.1))

    def _one(self, ask, user, signs_in):
        named = {"UserPoolId": self.pool, "Username": user.name}
        done, requests, code = ask("write", "admin_create_user", MessageAction="SUPPRESS",
                                   TemporaryPassword=user.password, **named)
        user.created = done is not None
        if code == "UsernameExistsException" and requests == 1:
            self.wrong.append(f"{user.name}: one request to create it found it there already: it ran twice")
        if not user.created:
            return
        for value in range(1, UPDATES + 1):
            user.attempted = value
            nickname = [{"Name": "nickname", "Value": str(value)}]
            done, _, _ = ask("write", "admin_update_user_attributes", UserAttributes=nickname, **named)
            if done is not None:
                user.acknowledged = value
            found, _, code = ask("read", "admin_get_user", **named)
            if code == "UserNotFoundException":
                self.stale.append(f"{user.name}: not found after its creation was acknowledged")
            if found is not None and nickname_of(found) < user.acknowledged:
                self.stale.append(f"{user.name}: read {nickname_of(found)} after {user.acknowledged} was acknowledged")
        if signs_in:
            self._sign_in(ask, user, named)

    def _sign_in(self, ask, user, named):
        done, _, _ = ask("write", "admin_set_user_password", Password=user.password, Permanent=True, **named)
        if done is None:
            return
        done, requests, _ = ask(
            "write", "admin_initiate_auth", UserPoolId=self.pool, ClientId=self.app,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user.name, "PASSWORD": user.password},
        )
        user.sign_ins += done is not None
        user.sign_in_requests += requests

    def check(self, sdk, on_leader):
        """One by one: what was acknowledged is there, and nothing twice. Answers what was lost."""
        lost = []
        for user in self.users:
            if not user.created:
                continue
            if user.name not in on_leader:
                lost.append(f"{user.name}: not on the new leader")
            try:
                found = sdk.admin_get_user(UserPoolId=self.pool, Username=user.name)
            except ClientError as error:
                lost.append(f"{user.name}: {error}")
                continue
            value = nickname_of(found)
            if not user.acknowledged <= value <= user.attempted:
                lost.append(f"{user.name}: has {value}, acknowledged was {user.acknowledged}")
            if user.sign_in_requests:
                self._check_sign_ins(sdk, user, lost)
        return lost

    def _check_sign_ins(self, sdk, user, lost):
        events = sdk.admin_list_user_auth_events(UserPoolId=self.pool, Username=user.name, MaxResults=EVENTS_A_PAGE)
        count = len(events["AuthEvents"])
        if count < user.sign_ins:
            lost.append(f"{user.name}: {count} sign-ins are recorded, acknowledged were {user.sign_ins}")
        if count > user.sign_in_requests:
            self.wrong.append(f"{user.name}: {count} sign-ins are recorded, sent were {user.sign_in_requests}")


class Asking:
    """One client's calls, noted."""

    def __init__(self, load, node, sdk, sent):
        self.load, self.node, self.sdk, self.sent = load, node, sdk, sent

    def __call__(self, kind, operation, **parameters):
        """The answer if there was one, how many requests it took, and the code of the error if there was one."""
        before = next(self.sent)
        answer, code = None, None
        try:
            answer = getattr(self.sdk, operation)(**parameters)
            self.load.successes.append(Success(time.monotonic(), self.node, kind))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            self.load.troubles.append(Trouble(time.monotonic(), self.node, operation, code))
        except BotoCoreError as error:
            self.load.troubles.append(Trouble(time.monotonic(), self.node, operation, type(error).__name__))
        # The two readings of the counter count themselves.
        return answer, next(self.sent) - before - 1, code


def nickname_of(found):
    values = [a["Value"] for a in found["UserAttributes"] if a["Name"] == "nickname"]
    return int(values[0]) if values else 0
