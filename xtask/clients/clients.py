"""Strict clients from the Python Package Index, as they are published, against a Rolecall that runs: `cargo xtask
clients`. Where it is, and who may administer it, comes in the environment."""

import os

# The service is on loopback, without TLS.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import jose.jwt
import jwt
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6750.errors import InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import ECKey

ISSUER = os.environ["ISSUER"]
# What signs. Authlib's validator and python-jose know no Ed25519: what they would check is left out then.
ALGORITHM = os.environ["ALGORITHM"]
ALL_KNOW = ALGORITHM != "EdDSA"
METADATA = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=20).json()
TOKEN, KEYS = METADATA["token_endpoint"], METADATA["jwks_uri"]
tried = 0


def shows(what, when=True):
    """Runs a check, and says what it showed."""

    def run(check):
        global tried
        if not when:
            return
        check()
        tried += 1
        print(f"  {what}", flush=True)

    return run


def refused(error, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except error:
        return
    raise AssertionError(f"{call} was not refused with {error}")


person = OAuth2Session("rolecall", token_endpoint_auth_method="none")
person.fetch_token(TOKEN, username=os.environ["USERNAME"], password=os.environ["PASSWORD"])


def administer(method, path, **named):
    answer = person.request(method, f"{ISSUER}/admin{path}", timeout=20, **named)
    assert answer.ok, (method, path, answer.status_code, answer.text)
    return answer.json()


def machine(name, method, **more):
    """A client that may act for itself, with the role `user`."""
    body = {"client_name": name, "token_endpoint_auth_method": method, "grant_types": ["client_credentials"], **more}
    made = administer("POST", "/clients", json=body)
    administer("PUT", f"/clients/{made['client_id']}/roles/user")
    return made


class Validator(JWTBearerTokenValidator):
    """RFC 9068, section 4, as Authlib reads it."""

    def get_jwks(self):
        return requests.get(KEYS, timeout=20).json()


validator = Validator(ISSUER, ISSUER)


def validated(token, *scopes, roles=None):
    """The claims of a token that is good, and may this."""
    if not ALL_KNOW:
        key = jwt.PyJWKClient(KEYS).get_signing_key_from_jwt(token)
        return jwt.decode(token, key, algorithms=[ALGORITHM], audience=ISSUER, issuer=ISSUER)
    claims = validator.authenticate_token(token)
    validator.validate_token(claims, scopes or None, None, roles=roles)
    return claims


print("Authlib:")


@shows("a person logs in, and renews the session")
def _():
    first = dict(person.token)
    second = person.refresh_token(TOKEN)
    assert second["refresh_token"] != first["refresh_token"]
    assert "admin" in validated(second["access_token"], roles=["admin"])["roles"]


for how in ["client_secret_basic", "client_secret_post"]:
    made = machine(f"Authlib {how}", how)

    @shows(f"client credentials with {how}; introspection, and revocation")
    def _(made=made, how=how):
        own = OAuth2Session(
            made["client_id"],
            made["client_secret"],
            token_endpoint_auth_method=how,
            revocation_endpoint_auth_method=how,
            introspection_endpoint_auth_method=how,
        )
        token = own.fetch_token(TOKEN, grant_type="client_credentials", scope="user")["access_token"]
        assert validated(token, roles=["user"])["roles"] == ["user"]
        if ALL_KNOW:
            refused(InsufficientScopeError, validated, token, "nothing:held")
        told = own.introspect_token(METADATA["introspection_endpoint"], token).json()
        assert told["active"] and told["sub"] == made["client_id"], told
        assert own.revoke_token(METADATA["revocation_endpoint"], token).status_code == 200
        assert own.introspect_token(METADATA["introspection_endpoint"], token).json() == {"active": False}


@shows("client credentials with private_key_jwt")
def _():
    key = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256"})
    made = machine("Authlib keyed", "private_key_jwt", jwks={"keys": [key.as_dict(private=False)]})
    own = OAuth2Session(made["client_id"], key, token_endpoint_auth_method="private_key_jwt")
    # What it calls the endpoint is the audience of its assertion: the issuer.
    own.register_client_auth_method(PrivateKeyJWT(ISSUER, alg="ES256", headers={"kid": "one"}))
    token = own.fetch_token(TOKEN, grant_type="client_credentials")["access_token"]
    assert validated(token)["sub"] == made["client_id"]


@shows("a token that was altered does not validate", when=ALL_KNOW)
def _():
    head, body, signature = person.token["access_token"].split(".")
    other = "A" if signature[0] != "A" else "B"
    refused(InvalidTokenError, validator.authenticate_token, f"{head}.{body}.{other}{signature[1:]}")


print("PyJWT:")


@shows("validates by the key set")
def _():
    token = person.token["access_token"]
    key = jwt.PyJWKClient(KEYS).get_signing_key_from_jwt(token)
    required = {"require": ["iss", "sub", "aud", "exp", "iat", "jti"]}
    claims = jwt.decode(token, key, algorithms=[ALGORITHM], audience=ISSUER, issuer=ISSUER, options=required)
    assert claims["preferred_username"] == os.environ["USERNAME"]
    refused(jwt.InvalidAudienceError, jwt.decode, token, key, algorithms=[ALGORITHM], audience="other", issuer=ISSUER)
    refused(jwt.InvalidAlgorithmError, jwt.decode, token, key, algorithms=["PS256"], audience=ISSUER, issuer=ISSUER)


print("python-jose:" if ALL_KNOW else "python-jose knows no Ed25519.")


@shows("validates by the key that the token names", when=ALL_KNOW)
def _():
    token = person.token["access_token"]
    # It tries all keys of a set, and fails at the first of another kind.
    kid = jose.jwt.get_unverified_header(token)["kid"]
    keys = next(key for key in requests.get(KEYS, timeout=20).json()["keys"] if key["kid"] == kid)
    claims = jose.jwt.decode(token, keys, algorithms=[ALGORITHM], audience=ISSUER, issuer=ISSUER)
    assert claims["iss"] == ISSUER
    refused(jose.JWTError, jose.jwt.decode, token, keys, algorithms=[ALGORITHM], audience="other", issuer=ISSUER)


print(f"PyPI: {tried} passed, 0 failed")
