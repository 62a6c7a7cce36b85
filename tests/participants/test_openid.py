"""Signing in with a provider: the whole round trip, over real pages, against a provider in a process of its own."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import StartServer
from tests.participants.openid_provider import CLIENT, SECRET, ProviderProcess
from tests.personas import PASSWORD
from tests.servers import ServerProcess

pytestmark = pytest.mark.slow

ADA = {"sub": "ada-1", "email": "ada@example.org", "email_verified": True, "name": "Ada L", "preferred_username": "ada"}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderProcess]:
    process = ProviderProcess(tmp_path_factory.mktemp("provider"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def server(start_server: StartServer, provider: ProviderProcess, tmp_path: Path) -> ServerProcess:
    app = {"provider": "openid_connect", "id": "work", "name": "Work", "server_url": provider.url}
    return start_server(SIGN_IN_PROVIDERS=json.dumps([app | {"client_id": CLIENT, "secret": SECRET}]))


def through_the_provider(server: ServerProcess, browser: httpx.Client) -> httpx.Response:
    """Press the button of the sign-in page, and go wherever one is led."""
    page = browser.get("/sign-in")
    (action,) = re.findall(r'action="([^"]*/work/login[^"]*)"', page.text)
    assert "Sign in with Work" in page.text
    return browser.post(action.replace("&amp;", "&"), data={"csrfmiddlewaretoken": browser.cookies["csrftoken"]})


def browser_of(server: ServerProcess) -> Any:
    headers = {"accept": "text/html", "referer": server.url}
    return closing(httpx.Client(base_url=server.url, timeout=30, follow_redirects=True, headers=headers))


def accounts(server: ServerProcess) -> list[dict[str, Any]]:
    code = (
        "import json; from participants.models import Participant as P; "
        "print(json.dumps(list(P.objects.order_by('created_at').values('username', 'display_name', 'email'))))"
    )
    found: list[dict[str, Any]] = json.loads(server.installation.manage("shell", "--verbosity=0", "-c", code))
    return found


def test_somebody_comes_by_a_provider_and_comes_back(server: ServerProcess, provider: ProviderProcess) -> None:
    provider.signs_in(**ADA)
    with browser_of(server) as browser:
        arrived = through_the_provider(server, browser)
        assert arrived.status_code == 200
        assert arrived.url.path == "/conversations"
        mine = browser.get("/account").text
        assert "Ada L" in mine
        assert "ada@example.org" in mine
        assert "not verified" not in mine
    provider.signs_in(**ADA | {"email": "elsewhere@example.org"})  # whoever it is hangs on the subject alone
    with browser_of(server) as browser:
        assert through_the_provider(server, browser).url.path == "/conversations"
        assert "Ada L" in browser.get("/account").text
    assert accounts(server) == [{"username": "ada", "display_name": "Ada L", "email": "ada@example.org"}]
    server.assert_clean_log()


def test_an_account_with_the_same_verified_address_is_not_taken_over(
    server: ServerProcess, provider: ProviderProcess
) -> None:
    server.provision({"participants": [{"username": "ada", "password": PASSWORD}]})
    verify = (
        "from participants.models import Participant as P; ada = P.objects.get(); ada.email = 'ada@example.org'; "
        "ada.save(); ada.emailaddress_set.create(email=ada.email, verified=True, primary=True)"
    )
    server.installation.manage("shell", "-c", verify)
    provider.signs_in(**ADA | {"sub": "somebody else", "preferred_username": "eve"})
    with browser_of(server) as browser:
        through_the_provider(server, browser)
        assert browser.get("/account").url.path == "/sign-in"
    assert [row["username"] for row in accounts(server)] == ["ada"]
    server.assert_clean_log()


@pytest.mark.parametrize("lie", [{"forged": True}, {"aud": "another application"}, {"iss": "https://id.example"}])
def test_what_is_not_signed_for_us_by_the_provider_lets_nobody_in(
    server: ServerProcess, provider: ProviderProcess, lie: dict[str, Any]
) -> None:
    provider.signs_in(**ADA | lie)
    with browser_of(server) as browser:
        through_the_provider(server, browser)
        assert browser.get("/account").url.path == "/sign-in"
    assert accounts(server) == []


def test_an_answer_that_nobody_asked_for_lets_nobody_in(server: ServerProcess, provider: ProviderProcess) -> None:
    provider.signs_in(**ADA)
    with browser_of(server) as eve, browser_of(server) as victim:
        page = eve.get("/sign-in")
        (action,) = re.findall(r'action="([^"]*/work/login[^"]*)"', page.text)
        form = {"csrfmiddlewaretoken": eve.cookies["csrftoken"]}
        led = eve.post(action.replace("&amp;", "&"), data=form, follow_redirects=False)
        answer = httpx.get(led.headers["Location"], timeout=30).headers["Location"]
        victim.get(answer)
        assert victim.get("/account").url.path == "/sign-in"
    assert accounts(server) == []
