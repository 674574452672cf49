"""One server for each test module, a fresh pool for each test."""

import pytest

from people import PASSWORD, Pool, verified
from server import Server


@pytest.fixture(scope="module")
def server():
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def pool(server):
    return Pool(server)


@pytest.fixture
def client(pool):
    return pool.client()


@pytest.fixture
def jane(pool):
    """A confirmed user with a verified address."""
    return pool.user("jane", verified("jane@example.com"), password=PASSWORD)
