"""The tutorial's two guarded routes in FastAPI, with Rolecall as the issuer: `OAuth2PasswordBearer` takes the token, and
PyJWT checks it by Rolecall's key set."""

import os
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, status
from fastapi.security import OAuth2PasswordBearer

ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:8000")
# Whom tokens must be for: the issuer, unless this API has a name of its own there.
AUDIENCE = os.environ.get("AUDIENCE", ISSUER)

app = FastAPI()
bearer = OAuth2PasswordBearer(tokenUrl=f"{ISSUER}/token", refreshUrl=f"{ISSUER}/token")
# Keeps the keys for five minutes, as long as Rolecall's answer allows.
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", lifespan=300)


# Not `async`: fetching keys would hold everybody else up.
def caller(token: Annotated[str, Depends(bearer)]) -> dict:
    """The claims of a token that is good (RFC 9068, section 4)."""
    try:
        checked = jwt.decode_complete(
            token,
            keys.get_signing_key_from_jwt(token),
            algorithms=["ES256", "EdDSA", "RS256"],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": ["exp", "iat", "sub", "client_id", "jti"]},
        )
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "the keys cannot be fetched now") from error
    except jwt.PyJWTError as error:
        raise unknown() from error
    if checked["header"].get("typ") != "at+jwt":
        raise unknown()
    return checked["payload"]


def unknown() -> HTTPException:
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return HTTPException(status.HTTP_401_UNAUTHORIZED, "the token is not good here", headers=challenge)


class RoleChecker:
    """Lets in who has one of these roles."""

    def __init__(self, *allowed: str):
        self.allowed = set(allowed)

    def __call__(self, caller: Annotated[dict, Depends(caller)]) -> dict:
        roles = set(caller.get("roles", []))
        # A token that is cut to a scope is in the roles that it names, and in no other.
        if "scope" in caller:
            roles &= set(caller["scope"].split())
        if self.allowed.isdisjoint(roles):
            challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
            raise HTTPException(status.HTTP_403_FORBIDDEN, "you may not do this", headers=challenge)
        return caller


@app.get("/items/")
def read_items(caller: Annotated[dict, Depends(RoleChecker("admin"))]):
    return [{"item_id": "Foo", "owner": caller.get("preferred_username")}]


@app.get("/users/")
def read_users(caller: Annotated[dict, Depends(RoleChecker("user"))]):
    return [{"username": caller.get("preferred_username")}]
