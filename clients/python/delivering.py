"""A server that delivers, and what its command line says of its outbox."""

import json
import urllib.request

from server import Server, run

ROOT = ("AKIDROOTROOTROOTROOT", "the+root/secret/of+this+test+server/0000")
ROOT_ENVIRONMENT = {"COGNATE_ROOT_ACCESS_KEY_ID": ROOT[0], "COGNATE_ROOT_SECRET_ACCESS_KEY": ROOT[1]}
SENDER = "Cognate <no-reply@cognate.example>"
LOGIN = ("mailer", "the password of the mailer")


def serve(data, config, environment=None):
    """`cognate serve` with this configuration, in TOML."""
    file = data / "cognate.toml"
    file.write_text(config)
    return Server(
        "serve",
        flags=["--config", file],
        data=data,
        environment=ROOT_ENVIRONMENT | (environment or {}),
        credentials=ROOT,
    )


def dev(data, *flags, environment=None):
    """`cognate dev --verify-signatures`: what serves, with a clock to move."""
    return Server(
        "dev",
        flags=["--verify-signatures", *flags],
        data=data,
        environment=ROOT_ENVIRONMENT | (environment or {}),
        credentials=ROOT,
    )


def outbox(data, *flags):
    """What `cognate outbox` lists, beside the server."""
    return json.loads(run("outbox", "--data", data, "--json", *flags))


def metric(server, name):
    """A number that the server counts."""
    with urllib.request.urlopen(f"{server.endpoint}/metrics") as response:
        lines = response.read().decode().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name} "))
