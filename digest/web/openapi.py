"""The description of all that answers JSON, in OpenAPI 3.1: what may be asked, and all that may come back."""

from collections.abc import Mapping
from typing import Any

from digest import __version__
from digest.web import jsonfeed

#: Where it lies.
PATH = "/api/openapi.json"
Schema = Mapping[str, Any]

_TEXT: Schema = {"type": "string"}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
_LONGEST_ADDRESS = 254


def document(base: str) -> dict[str, Any]:
    """The description of what lies under `base`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Topic digest",
            "version": __version__,
            "description": "What pages of this site offer to programs. All else is for people, by pages and letters.",
        },
        "servers": [{"url": base}],
        "paths": {
            "/api/subscriptions": {"post": _SUBSCRIBE},
            "/archive/{newsletter}/feed.json": {"get": _feed("everything", "newsletter")},
            "/archive/{newsletter}/topics/{topic}/feed.json": {"get": _feed("one topic", "newsletter", "topic")},
            "/about-you/{token}/copy.json": {"get": _COPY},
            PATH: {"get": _get("This description.", {"200": _json("It.", _DESCRIPTION)})},
            "/health": {
                "get": _get("Whether the pages and their database answer.", {"200": _health("ok"), "503": _health()})
            },
        },
        "components": {"schemas": {"Refusal": _REFUSAL}},
    }


def _object(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object of these fields and no others."""
    properties = {**required, **(optional or {})}
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(of: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": of, **more}


def _optional(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _json(description: str, schema: Schema, *, media_type: str = "application/json") -> Schema:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _page(description: str) -> Schema:
    return {"description": description, "content": {"text/html": {"schema": _TEXT}}}


def _get(summary: str, responses: Mapping[str, Schema], parameters: list[Schema] | None = None) -> Schema:
    return {"summary": summary, "parameters": parameters or [], "responses": responses}


def _in_path(name: str, description: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": _TEXT}


def _health(word: str = "") -> Schema:
    said = _object({"status": {"const": word or "unavailable"}, "database": {"const": word or "does not answer"}})
    return _json("Both do." if word else "The database does not answer at the moment.", said)


def _refused(description: str, *, again: bool = False) -> Schema:
    refusal = _json(description, {"$ref": "#/components/schemas/Refusal"})
    wait = {"Retry-After": {"description": "After how many seconds.", "schema": {"type": "integer"}}}
    return {**refusal, "headers": wait} if again else refusal


_REFUSAL: Schema = _object(
    {
        "status": {"const": "refused"},
        # An empty field: it is about all of it.
        "errors": _list(_object({"field": _TEXT, "message": _TEXT}), minItems=1),
    }
)

_DESCRIPTION: Schema = {"type": "object", "required": ["openapi", "info", "paths"]}

_WISHES: dict[str, Schema] = {
    "email": {"type": "string", "format": "email", "maxLength": _LONGEST_ADDRESS},
    "topics": {
        **_list(_TEXT, minItems=1, default=["all"]),
        "description": "Slugs of the newsletter’s topics, or “all”.",
    },
    "cadence": {"type": "string", "description": "One of the newsletter’s own; its usual one where there is none."},
    "name": {"type": "string", "description": "How letters greet. No line breaks."},
    "language": {"type": "string", "description": "A language tag that letters speak, such as “de”."},
    "answer": {"type": "string", "description": "Where the site asks for it: that it is a person who signs up."},
}

_SUBSCRIBE: Schema = {
    "summary": "Ask for a subscription. It begins when the holder of the address confirms it by the link in a letter.",
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _object(
                    {"newsletter": {"type": "string", "minLength": 1}, "email": _WISHES["email"]},
                    {name: wish for name, wish in _WISHES.items() if name != "email"},
                )
            }
        },
    },
    "responses": {
        "202": _json(
            "Kept. The same for an address that is new, waits, is subscribed or barred.",
            _object({"status": {"const": "asked"}, "message": _TEXT}),
        ),
        "400": _refused("What was sent cannot be taken, for these reasons."),
        "404": _refused("There is no such newsletter."),
        "415": _refused("That was not JSON."),
        "429": _refused("A lot was asked for from this network of late.", again=True),
        "503": _refused("Not at the moment. Nothing was kept.", again=True),
    },
}

_AUTHOR: Schema = _object({"name": _TEXT})
_ENTRY: Schema = _object(
    {"id": _TEXT, "url": _TEXT, "title": _TEXT, "content_html": _TEXT, "date_modified": _INSTANT},
    {
        "external_url": _TEXT,
        "summary": _TEXT,
        "date_published": _INSTANT,
        "authors": _list(_AUTHOR),
        "tags": _list(_TEXT),
        "language": _TEXT,
    },
)
_FEED: Schema = _object(
    {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": _TEXT,
        "home_page_url": _TEXT,
        "feed_url": _TEXT,
        "items": _list(_ENTRY),
    },
    {"description": _TEXT, "language": _TEXT, "authors": _list(_AUTHOR)},
)


def _feed(what: str, *names: str) -> Schema:
    told = {"newsletter": "The newsletter’s slug.", "topic": "The topic’s slug."}
    headers = [
        {"name": name, "in": "header", "schema": _TEXT, "description": "From an answer before."}
        for name in ("If-None-Match", "If-Modified-Since")
    ]
    responses = {
        "200": _json("JSON Feed 1.1.", _FEED, media_type=jsonfeed.TYPE),
        "304": {"description": "It is as it was."},
        "404": _page("There is no such newsletter or topic, or its archive is for its readers alone."),
    }
    return _get(f"The newest pieces of {what}.", responses, [*(_in_path(n, told[n]) for n in names), *headers])


_SUBSCRIPTION: Schema = _object(
    {
        **dict.fromkeys(("newsletter", "state", "cadence"), _TEXT),
        "topics": {"anyOf": [{"const": "all"}, _list(_TEXT)]},
        "since": _INSTANT,
        **{name: _optional(_INSTANT) for name in ("paused_until", "ended_at")},
    }
)
_COPY: Schema = _get(
    "All that is kept of a person, by the link that is sent to them.",
    {
        "200": _json(
            "A copy, to take away.",
            _object(
                {
                    **dict.fromkeys(("email", "name", "language"), _TEXT),
                    "since": _INSTANT,
                    "subscriptions": _list(_SUBSCRIPTION),
                    **{
                        name: _list({"type": "object"})
                        for name in ("consent", "suppressions", "former_addresses", "issues", "letters")
                    },
                }
            ),
        ),
        "404": _page("The link is not ours, or does not work any more."),
    },
    [_in_path("token", "From the link: it works for a day.")],
)
