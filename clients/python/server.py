"""Starts the server under test on a free port with a data folder of its own, and talks to it.

COGNATE_BIN names the binary (a relative path counts from the top of the repository); without it the debug build is
taken. Every test module starts one server.

With COGNATE_TEST_ENGINE=postgres each data folder's store is a database of the server at COGNATE_TEST_POSTGRES.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = REPOSITORY / os.environ.get("COGNATE_BIN", "target/debug/cognate")
REGION = "us-east-1"
ANYBODY = ("AKIDLOCALDEVELOPMENT", "any secret will do in dev")

ON_POSTGRES = os.environ.get("COGNATE_TEST_ENGINE") == "postgres"
READY_WITHIN_SECONDS = 30
GONE_WITHIN_SECONDS = 15


def environment_of(folder):
    """The environment of a program that works on this data folder."""
    if not ON_POSTGRES or folder is None:
        return dict(os.environ)
    server = os.environ.get("COGNATE_TEST_POSTGRES")
    if not server:
        raise RuntimeError("COGNATE_TEST_ENGINE=postgres needs COGNATE_TEST_POSTGRES: run xtask/postgres COMMAND")
    name = re.sub("[^A-Za-z0-9]", "_", str(Path(folder).resolve()))[-50:]
    made = subprocess.run(["createdb", f"--maintenance-db={server}", name], capture_output=True, text=True)
    if made.returncode != 0 and "already exists" not in made.stderr:
        raise RuntimeError(f"createdb: {made.stderr}")
    return {**os.environ, "COGNATE_DATABASE_URL": server.rsplit("/", 1)[0] + "/" + name}


class Server:
    """A running server."""

    def __init__(self, mode="dev", flags=(), pools=None, data=None, environment=None, credentials=ANYBODY):
        if not BINARY.exists():
            raise RuntimeError(f"{BINARY} is not there: cargo build, or set COGNATE_BIN")
        self.owns_data = data is None
        self.data = Path(data or tempfile.mkdtemp(prefix="cognate-python-"))
        self.credentials = credentials
        self.log = self.data / "server.log"
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        command = [BINARY, mode, "--listen", f"127.0.0.1:{port}", "--data", self.data]
        if pools is not None:
            command += ["--pools", pools]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in [*command, *flags]],
                cwd=self.data,
                env={**environment_of(self.data), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready()
        self.sdk = self.client()

    def client(self, credentials=None, region=REGION, **config):
        """An SDK client; `config` goes to botocore."""
        key, secret = credentials or self.credentials
        return boto3.session.Session().client(
            "cognito-idp",
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=40, **config),
        )

    def outbox(self, pool_id, username=None):
        """What the server sent, newest first."""
        query = {"poolId": pool_id} | ({} if username is None else {"username": username})
        return self.get_json(f"/_cognate/outbox?{urllib.parse.urlencode(query)}")["messages"]

    def advance(self, seconds):
        """Moves the server's clock forward."""
        request = urllib.request.Request(
            f"{self.endpoint}/_cognate/clock",
            data=json.dumps({"advanceSeconds": seconds}).encode(),
            headers={"content-type": "application/json"},
        )
        urllib.request.urlopen(request).close()

    def get_json(self, path):
        with urllib.request.urlopen(self.endpoint + path) as response:
            return json.load(response)

    def stop(self):
        """Ends the process gracefully; the data folder stays if the caller brought it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(GONE_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.owns_data:
            shutil.rmtree(self.data, ignore_errors=True)

    def _wait_until_ready(self):
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended before it was ready:\n{self.log.read_text()}")
            try:
                with urllib.request.urlopen(f"{self.endpoint}/ready", timeout=1) as response:
                    if response.status == 200:
                        return
            except OSError:
                pass
            time.sleep(0.02)
        self.process.kill()
        raise RuntimeError(f"the server was not ready in time:\n{self.log.read_text()}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*arguments):
    """Runs the binary to its end and answers what it printed."""
    command = [str(part) for part in [BINARY, *arguments]]
    data = command[command.index("--data") + 1] if "--data" in command else None
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment_of(data)).stdout
