"""What a browser sends, within bounds."""

from urllib.parse import parse_qs

from starlette.requests import Request

LARGEST_BYTES = 8192


def caller_of(request: Request) -> str:
    """The address it comes from, by which wrong passwords are counted."""
    return request.client.host if request.client else ""


async def body_of(request: Request) -> bytes | None:
    """What was sent, None where it is too much; it may be asked again."""
    if not hasattr(request.state, "sent"):
        got: bytes | None = b""
        async for part in request.stream():
            got = None if got is None or len(got) + len(part) > LARGEST_BYTES else got + part
        request.state.sent = got
    sent: bytes | None = request.state.sent
    return sent


async def form_of(request: Request) -> dict[str, str]:
    """The first value of each field; empty where it is no form."""
    body = await body_of(request)
    if body is None:
        return {}
    try:
        return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace"), max_num_fields=10).items()}
    except ValueError:  # too many fields
        return {}
