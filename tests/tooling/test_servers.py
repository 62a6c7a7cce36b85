"""Test servers are the product, isolated from each other, and survive what tests do to them."""

from pathlib import Path

import httpx
import pytest

from tests.conftest import StartServer
from tests.servers import ServerProcess, base_environment, run_manage

PEOPLE = {"participants": [{"username": "ada"}], "conversations": [{"title": "Hall", "members": {"ada": "owner"}}]}


def test_a_shared_server_is_ready_and_provisions(server: ServerProcess) -> None:
    made = server.provision(PEOPLE)
    assert made["participants"]["ada"]["access"]
    assert made["conversations"]["Hall"]
    server.assert_clean_log()


def test_a_killed_server_comes_back_at_its_address_with_its_data(start_server: StartServer) -> None:
    server = start_server()
    before = server.provision(PEOPLE)
    server.kill()
    with pytest.raises(httpx.TransportError):
        httpx.get(server.url)
    server.start()
    assert httpx.get(f"{server.url}/health/ready").status_code == 200
    assert server.provision(PEOPLE)["conversations"] == before["conversations"]


def test_a_pair_shares_its_data(server_pair: tuple[ServerProcess, ServerProcess]) -> None:
    first, second = server_pair
    assert first.url != second.url
    assert first.provision(PEOPLE)["conversations"] == second.provision(PEOPLE)["conversations"]


def test_what_is_kept_is_for_nobody_else_on_the_machine(tmp_path: Path) -> None:
    var = tmp_path / "var"
    environment = base_environment() | {"VAR_DIR": str(var), "SECRET_KEY": "x" * 50}
    run_manage(environment, "check")
    assert var.stat().st_mode & 0o777 == 0o700
