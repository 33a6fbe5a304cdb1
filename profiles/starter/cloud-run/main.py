"""What Cloud Run calls: POST / with the event as JSON."""

import functions_framework
from @MODULE@ import @FUNCTION@ as handle


@functions_framework.http
def serve(request):
    event = request.get_json(silent=True)
    if not isinstance(event, dict):
        return {"error": "the request needs a JSON object"}, 400
    return handle(event, None)
