"""REST of search."""

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import search, selectors, serializers
from participants.api import PAGING, query
from participants.authentication import SignedInRequest
from participants.rest import Pagination
from participants.schema import PROBLEM, page_of


class SearchView(APIView):
    """Messages by their words."""

    @extend_schema(
        parameters=[serializers.SearchQuery, *PAGING],
        responses={200: page_of("messages", serializers.FoundSerializer), 403: PROBLEM, 404: PROBLEM},
    )
    def get(self, request: SignedInRequest) -> Response:
        """Those that one may read, the best first.

        `total` is exact to 1,000; 1001 means that more answer, of which these are the newest.
        """
        wanted = query(serializers.SearchQuery, request)
        question = search.Question.parse(wanted.pop("q"))
        if "author" in wanted:
            wanted["author"] = serializers.found_participants([wanted["author"]], "author")[0].pk
        page = Pagination()
        ids = search.messages_found(request.user, question, **wanted)
        found = search.messages_of(page.paginate_queryset(ids, request) or [])
        marked = search.highlights(found, question)
        return page.respond(
            "messages",
            [
                message | {"highlight": marked.get(message["id"], "")}
                for message in selectors.message_objects(request.user, found)
            ],
        )
