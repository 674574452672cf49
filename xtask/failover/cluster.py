"""Three PostgreSQL servers under Patroni with etcd, on this machine, in a folder that is removed at the end."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import psycopg2

REPOSITORY = Path(__file__).resolve().parents[2]
ETCD = REPOSITORY / ".tools/etcd/usr/bin/etcd"
NODES = 3
# Seconds. Patroni's own defaults, and the shortest life of a leader's key that it takes: a loop and two retries have to
# end within it.
DEFAULT_TIMES = {"ttl": 30, "loop_wait": 10, "retry_timeout": 10}
SHORTEST_TIMES = {"ttl": 20, "loop_wait": 5, "retry_timeout": 5}
HEALTHY_WITHIN_SECONDS = 180


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def eventually(check, seconds, what):
    """What `check` answers once it answers something; an exception when it does not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.2)
    raise RuntimeError(f"not within {seconds} s: {what}")


def programs():
    """Where PostgreSQL's own programs are."""
    found = [Path(p).resolve().parent for p in [shutil.which("postgres")] if p]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if (folder / "initdb").exists():
            return folder
    sys.exit("PostgreSQL is not installed: make packages, or apt-get install postgresql")


class Node:
    """A server and the Patroni that looks after it."""

    def __init__(self, cluster, name, port, rest):
        self.cluster, self.name, self.port, self.rest = cluster, name, port, rest
        self.folder = cluster.folder / name
        self.data = self.folder / "data"
        self.patroni = None
        cluster.make_folder(self.folder)
        self.file = self.folder / "patroni.yml"
        self.file.write_text(json.dumps(self._settings(), indent=2))
        self.file.chmod(0o644)

    def _settings(self):
        c = self.cluster
        local = ["host all all 127.0.0.1/32 scram-sha-256", "host replication standby 127.0.0.1/32 scram-sha-256"]
        return {
            "scope": "cognate",
            "name": self.name,
            "restapi": {"listen": f"127.0.0.1:{self.rest}", "connect_address": f"127.0.0.1:{self.rest}"},
            "etcd3": {"hosts": [f"127.0.0.1:{c.etcd_port}"]},
            "bootstrap": {
                "dcs": {
                    **c.times,
                    "maximum_lag_on_failover": 1048576,
                    "synchronous_mode": True,
                    "postgresql": {
                        "use_pg_rewind": True,
                        "pg_hba": local,
                        "parameters": {
                            "max_connections": 100,
                            "shared_buffers": "32MB",
                            # Processes die here, not machines.
                            "fsync": "off",
                        },
                    },
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "no-sync"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": str(self.data),
                "bin_dir": str(c.programs),
                "pgpass": str(self.folder / "pgpass"),
                "authentication": {
                    "superuser": {"username": "postgres", "password": c.password},
                    "replication": {"username": "standby", "password": c.password},
                    "rewind": {"username": "postgres", "password": c.password},
                },
                "parameters": {"unix_socket_directories": str(self.folder)},
            },
        }

    def start(self):
        self.patroni = self.cluster.spawn([sys.executable, "-m", "patroni", self.file], self.folder / "patroni.log")

    def postmaster(self):
        try:
            return psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            return None

    def processes(self, patroni=True):
        """Those of the server, and of Patroni."""
        heads = [self.postmaster()] + ([psutil.Process(self.patroni.pid)] if patroni else [])
        found = {}
        for head in filter(None, heads):
            for process in [head, *head.children(recursive=True)]:
                if patroni or process.pid != self.patroni.pid:
                    found[process.pid] = process
        return list(found.values())

    def signal(self, number, patroni=True):
        for process in self.processes(patroni):
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                pass

    def connect(self, database="postgres"):
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user="postgres", password=self.cluster.password, dbname=database,
            connect_timeout=3,
        )
        connection.autocommit = True
        return connection

    def takes_writes(self):
        try:
            connection = self.connect()
        except psycopg2.Error:
            return False
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_is_in_recovery()")
                return not cursor.fetchone()[0]
        except psycopg2.Error:
            return False
        finally:
            connection.close()


class Cluster:
    """etcd and the nodes."""

    def __init__(self, times):
        if not ETCD.exists():
            sys.exit(f"{ETCD} is not there: make failover installs it")
        self.times = times
        self.programs = programs()
        self.password = secrets.token_hex(16)
        # The server refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="cognate-failover-"))
        self.folder.chmod(0o755)
        self.spawned = []
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        client, peer = free_ports(2)
        self.etcd_port = client
        etcd = self.folder / "etcd"
        self.make_folder(etcd)
        self.spawn(
            [
                ETCD, "--data-dir", etcd / "data",
                "--listen-client-urls", f"http://127.0.0.1:{client}",
                "--advertise-client-urls", f"http://127.0.0.1:{client}",
                "--listen-peer-urls", f"http://127.0.0.1:{peer}",
                "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
                "--initial-cluster", f"default=http://127.0.0.1:{peer}",
            ],
            etcd / "log",
        )
        ports = free_ports(2 * NODES)
        self.nodes = [Node(self, f"pg{n + 1}", ports[2 * n], ports[2 * n + 1]) for n in range(NODES)]
        for node in self.nodes:
            node.start()
        self.wait_until_healthy()
        self._make_database()

    def make_folder(self, folder):
        folder.mkdir(mode=0o755)
        if self.user:
            shutil.chown(folder, self.user, self.user)

    def spawn(self, command, log):
        """Starts a program of the cluster as its user. It leads a session, so that a signal to us does not reach it."""
        if self.user:
            command = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups", "--", *command]
        environment = {**os.environ, "ETCD_UNSUPPORTED_ARCH": "", "HOME": str(self.folder)}
        with log.open("ab") as output:
            process = subprocess.Popen(
                [str(part) for part in command], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )
        self.spawned.append(process)
        return process

    def members(self):
        """What Patroni says of its members; from whichever answers."""
        for node in self.nodes:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{node.rest}/cluster", timeout=2) as answer:
                    return {member["name"]: member for member in json.load(answer)["members"]}
            except (OSError, ValueError, KeyError):
                continue
        return {}

    def leader(self):
        """The node that Patroni calls the leader and that takes writes."""
        names = [name for name, member in self.members().items() if member["role"] == "leader"]
        found = [node for node in self.nodes if node.name in names and node.takes_writes()]
        return found[0] if found else None

    def wait_until_healthy(self):
        """A leader, a synchronous standby and another standby, all on one timeline."""

        def healthy():
            members = self.members()
            roles = sorted(member["role"] for member in members.values())
            states = {member["state"] for member in members.values()}
            timelines = {member.get("timeline") for member in members.values()}
            fine = roles == ["leader", "replica", "sync_standby"] and states <= {"running", "streaming"}
            return fine and len(timelines) == 1 and self.leader()

        return eventually(healthy, HEALTHY_WITHIN_SECONDS, f"three healthy members; they are {self.members()}")

    def _make_database(self):
        connection = self.leader().connect()
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE ROLE cognate LOGIN PASSWORD '{self.password}'")
            cursor.execute("CREATE DATABASE cognate OWNER cognate")
        connection.close()

    def url(self):
        """Every member, in a fixed order: whoever comes first need not be the leader."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgres://cognate:{self.password}@{hosts}/cognate"

    def switch_over(self):
        leader = self.leader()
        command = [Path(sys.executable).parent / "patronictl", "-c", leader.file, "switchover", "cognate",
                   "--leader", leader.name, "--force"]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode != 0 or "Successfully switched over" not in done.stdout:
            raise RuntimeError(f"patronictl switchover: {done.stdout}{done.stderr}")

    def stop(self):
        for node in getattr(self, "nodes", []):
            if node.patroni:
                try:
                    node.signal(signal.SIGKILL)
                except psutil.NoSuchProcess:
                    pass
                postmaster = node.postmaster()
                if postmaster:
                    node.signal(signal.SIGKILL, patroni=False)
        for process in self.spawned:
            if process.poll() is None:
                process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
