"""The program that FastAPI tutorials on roles and tokens end with, made to run, in our own words.

Two accounts in a dictionary, bcrypt, a token signed with HS256, and a class that compares the caller's role. It keeps
what such programs do: the log-in hashes on the event loop, and each call decodes the token anew. What does not run in
them is put right: the JWT library that is imported is the one that is installed, and bcrypt is called itself.
"""

from datetime import datetime, timedelta, timezone
from typing import Annotated

import bcrypt
import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from pydantic import BaseModel

SECRET = "a secret of thirty-two bytes, or more"
ALGORITHM = "HS256"
LIFETIME = timedelta(minutes=15)
PASSWORD = b"seventeen violet otters"


class Account(BaseModel):
    username: str
    role: str
    password_hash: bytes


class Token(BaseModel):
    access_token: str
    token_type: str


HASH = bcrypt.hashpw(PASSWORD, bcrypt.gensalt())
ACCOUNTS = {
    name: {"username": name, "role": role, "password_hash": HASH}
    for name, role in [("person-0", "user"), ("root", "admin")]
}

app = FastAPI()
bearer = OAuth2PasswordBearer(tokenUrl="token")
unknown = HTTPException(401, "who is calling is not known", {"WWW-Authenticate": "Bearer"})


def find(username: str) -> Account | None:
    found = ACCOUNTS.get(username)
    return Account(**found) if found else None


async def caller(token: Annotated[str, Depends(bearer)]) -> Account:
    try:
        account = find(jwt.decode(token, SECRET, algorithms=[ALGORITHM])["sub"])
    except (jwt.InvalidTokenError, KeyError):
        raise unknown
    if account is None:
        raise unknown
    return account


class Allowed:
    """A dependency: the caller has one of these roles."""

    def __init__(self, *roles: str):
        self.roles = roles

    def __call__(self, who: Annotated[Account, Depends(caller)]) -> Account:
        if who.role not in self.roles:
            raise HTTPException(403, "this is not for you")
        return who


@app.post("/token")
async def log_in(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Token:
    account = find(form.username)
    if account is None or not bcrypt.checkpw(form.password.encode(), account.password_hash):
        raise unknown
    claims = {"sub": account.username, "exp": datetime.now(timezone.utc) + LIFETIME}
    return Token(access_token=jwt.encode(claims, SECRET, algorithm=ALGORITHM), token_type="bearer")


@app.get("/items/")
async def items(who: Annotated[Account, Depends(Allowed("admin"))]):
    return [{"item_id": "Foo", "owner": who.username}]


@app.get("/users/")
async def users(who: Annotated[Account, Depends(Allowed("user"))]):
    return [{"username": who.username}]
