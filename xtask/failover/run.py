"""Kills, freezes and changes the leader of a PostgreSQL cluster under load, and counts what clients notice.

Ends with 1 if anything that was acknowledged is lost, or anything was done twice.
"""

import argparse
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from cluster import DEFAULT_TIMES, REPOSITORY, SHORTEST_TIMES, Cluster, eventually, free_ports
from load import Load, client

BINARY = REPOSITORY / os.environ.get("COGNATE_BIN", "target/release/cognate")
WARM_UP_SECONDS = 6
RESUMED_WITHIN_SECONDS = 150
AFTERWARDS_SECONDS = 8


class Server:
    """A node of Cognate."""

    def __init__(self, number, cluster, master_key, root, folder):
        port = free_ports(1)[0]
        self.endpoint = f"http://127.0.0.1:{port}"
        self.log = folder / f"cognate-{number}.log"
        environment = {
            **os.environ,
            "COGNATE_DATABASE_URL": cluster.url(),
            "COGNATE_MASTER_KEY": master_key,
            "COGNATE_ROOT_ACCESS_KEY_ID": root[0],
            "COGNATE_ROOT_SECRET_ACCESS_KEY": root[1],
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(BINARY), "serve", "--listen", f"127.0.0.1:{port}", "--undelivered", "keep"],
                cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        eventually(self.ready, 60, f"a server that is ready:\n{self.log.read_text()}")

    def ready(self):
        try:
            with urllib.request.urlopen(f"{self.endpoint}/ready", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def node_dies(cluster, leader):
    """PostgreSQL and Patroni of the leader are killed, as when its machine stops."""
    leader.signal(signal.SIGKILL)
    yield "repair"
    leader.patroni.wait()
    leader.start()


def postgres_dies(cluster, leader):
    """PostgreSQL of the leader is killed; Patroni finds it dead."""
    leader.signal(signal.SIGKILL, patroni=False)
    yield "repair"


def node_freezes(cluster, leader):
    """Every process of the leader stands still until another one leads, and then goes on: it has to step down."""
    leader.signal(signal.SIGSTOP)
    yield "thaw"
    leader.signal(signal.SIGCONT)
    yield "repair"


def patroni_dies(cluster, leader):
    """Patroni of the leader is killed and PostgreSQL goes on: two servers would take writes, were they not synchronous."""
    leader.patroni.kill()
    leader.patroni.wait()
    yield "repair"
    leader.start()


def switchover(cluster, leader):
    """An operator makes another server the leader."""
    cluster.switch_over()
    yield "repair"


SCENARIOS = {
    "node dies": node_dies,
    "postgres dies": postgres_dies,
    "node freezes": node_freezes,
    "patroni dies": patroni_dies,
    "switchover": switchover,
}


def prepare(sdk):
    pool = sdk.create_user_pool(
        PoolName="failover",
        UserPoolTier="PLUS",
        # Every sign-in leaves an event, so one that was done twice shows.
        UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"},
    )["UserPool"]["Id"]
    app = sdk.create_user_pool_client(
        UserPoolId=pool, ClientName="load", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    return pool, app


def longest_gap(times, since):
    """The longest pause between two successes that ends after `since`."""
    times = sorted(times)
    gaps = [after - before for before, after in zip(times, times[1:]) if after > since]
    return max(gaps, default=float("inf"))


def on(node):
    """Names that a server has, and of those that it takes writes."""
    connection = node.connect("cognate")
    with connection.cursor() as cursor:
        cursor.execute("SELECT username FROM users")
        names = {row[0] for row in cursor.fetchall()}
    connection.close()
    return names


def play(name, act, cluster, servers, key, pool, app):
    leader = cluster.wait_until_healthy()
    load = Load([server.endpoint for server in servers], key, pool, app)
    time.sleep(WARM_UP_SECONDS)
    steps = act(cluster, leader)
    fault = time.monotonic()
    step = next(steps)
    nodes = range(len(servers))
    new = None
    promoted = None

    def resumed():
        nonlocal new, promoted
        if promoted is None:
            new = cluster.leader()
            if new and (new is not leader or step == "repair" and name == "postgres dies"):
                promoted = time.monotonic() - fault
        since = fault + (promoted if promoted is not None else RESUMED_WITHIN_SECONDS)
        return promoted is not None and all(load.last(k, n) > since for k in ("write", "read") for n in nodes)

    try:
        eventually(resumed, RESUMED_WITHIN_SECONDS, "writes and reads on every node")
        hangs = ""
    except RuntimeError as error:
        hangs = str(error)
    if step == "thaw":
        next(steps)
    time.sleep(AFTERWARDS_SECONDS)
    load.stop()
    for _ in steps:
        pass
    cluster.wait_until_healthy()
    new = cluster.leader()
    lost = load.check(client(servers[0].endpoint, key), on(new))
    writes = [s for s in load.successes if s.kind == "write"]
    reads = [s for s in load.successes if s.kind == "read"]
    gap = lambda found, node: longest_gap([s.at for s in found if node is None or s.node == node], fault)
    return {
        "scenario": name,
        "leader": f"{leader.name} > {new.name}",
        "new leader": f"{promoted:.1f}" if promoted is not None else "none",
        "write gap": f"{gap(writes, None):.1f}",
        "worst node": f"{max(gap(writes, node) for node in nodes):.1f}",
        "read gap": f"{max(gap(reads, node) for node in nodes):.1f}",
        "errors": len(load.troubles),
        "requests": load.requests,
        "writes": len(writes),
        "reads": len(reads),
        "stale": len(load.stale),
        "lost": len(lost),
        "twice": len(load.wrong),
        "_": [*([hangs] if hangs else []), *lost, *load.wrong, *load.stale],
        "_troubles": load.troubles,
    }


def table(rows):
    heads = [head for head in rows[0] if not head.startswith("_")]
    cells = [heads, *([str(row[head]) for head in heads] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
    for index, line in enumerate(cells):
        print("  ".join(cell.ljust(width) if column < 2 else cell.rjust(width)
                        for column, (cell, width) in enumerate(zip(line, widths))))
        if index == 0:
            print("  ".join("-" * width for width in widths))
    print("\nnew leader, gaps: seconds from the fault, and the longest pause between two successes of all clients, of\n"
          "the clients of one node, of reads on one node. errors: what clients saw after the SDK's own retries.")


def summary(troubles):
    counts = {}
    for trouble in troubles:
        key = f"{trouble.operation} {trouble.text}"
        counts[key] = counts.get(key, 0) + 1
    return ", ".join(f"{count} x {key}" for key, count in sorted(counts.items()))


def said(times):
    return ", ".join(f"{name} {seconds}" for name, seconds in times.items())


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--keep-logs", metavar="FOLDER", help="copy the logs of all programs there")
    arguments.add_argument("--shortest-times", action="store_true",
                           help="those that Patroni takes, instead of its defaults: " + said(SHORTEST_TIMES))
    arguments.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}")
    given = arguments.parse_args()
    unknown = set(given.scenarios) - set(SCENARIOS)
    if unknown:
        arguments.error(f"there is no scenario {', '.join(unknown)}")
    folder = Path(tempfile.mkdtemp(prefix="cognate-failover-servers-"))
    times = SHORTEST_TIMES if given.shortest_times else DEFAULT_TIMES
    print(f"starting three PostgreSQL servers under Patroni ({said(times)})", flush=True)
    cluster = Cluster(times)
    servers, rows = [], []
    try:
        key = ("AKIA" + secrets.token_hex(8).upper(), secrets.token_hex(20))
        master_key = secrets.token_hex(32)
        for number in (1, 2):
            servers.append(Server(number, cluster, master_key, key, folder))
        pool, app = prepare(client(servers[0].endpoint, key))
        for name in given.scenarios or SCENARIOS:
            print(f"{name}: {SCENARIOS[name].__doc__}", flush=True)
            row = play(name, SCENARIOS[name], cluster, servers, key, pool, app)
            rows.append(row)
            print(f"    writes paused for {row['write gap']} s; {row['errors']} errors: {summary(row['_troubles'])}")
            for line in row["_"][:20]:
                print(f"    {line}")
            sys.stdout.flush()
    finally:
        if given.keep_logs:
            kept = Path(given.keep_logs)
            kept.mkdir(parents=True, exist_ok=True)
            for log in [*folder.glob("*.log"), *cluster.folder.glob("*/patroni.log")]:
                shutil.copy(log, kept / f"{log.parent.name}-{log.name}")
        for server in servers:
            server.stop()
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print()
    table(rows)
    failed = [row for row in rows if row["lost"] or row["twice"] or row["_"] and "not within" in row["_"][0]]
    return 1 if failed else 0


if __name__ == "__main__":
    # An interrupt ends the programs that were started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
