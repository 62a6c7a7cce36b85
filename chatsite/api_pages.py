"""The pages that show the API: everything comes from this machine, under the policy of all other pages."""

from functools import cache
from pathlib import Path

from csp.decorators import csp_update
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView

REDOC_SCRIPT = "drf_spectacular_sidecar/redoc/bundles/redoc.standalone.js"
FOREIGN_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"
# The styles that ReDoc makes by script: empty elements, filled rule by rule, and those of its scrollbars.
REDOC_STYLES = [
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
]

swagger = SpectacularSwaggerSplitView.as_view(url_name="schema")
redoc = csp_update({"style-src": REDOC_STYLES})(SpectacularRedocView.as_view(url_name="schema"))


@cache
def _redoc_script() -> str:
    found = finders.find(REDOC_SCRIPT)
    return Path(str(found)).read_text(encoding="utf-8").replace(FOREIGN_LOGO, static("favicon.svg"))


def redoc_script(request: HttpRequest) -> HttpResponse:
    """ReDoc without the one picture that it would fetch from elsewhere."""
    headers = {"Cache-Control": "public, max-age=3600"}
    return HttpResponse(_redoc_script(), content_type="text/javascript; charset=utf-8", headers=headers)
