"""The limit on REST requests as a whole, in DRF's hook for it. What a single command may cost its service says."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from participants import addresses, limits


def address_of(request: Request) -> str:
    """The client's address of an HTTP request."""
    return addresses.of_request(request.META)


class Throttle(BaseThrottle):
    """Counts each request against its participant, or against its address without one."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """True; raises LimitExceeded ``rate_limited`` otherwise, as every limit here does."""
        if request.user.is_authenticated:
            limits.REQUESTS.consume(request.user.pk)
        else:
            limits.ANONYMOUS.consume(address_of(request))
        return True
