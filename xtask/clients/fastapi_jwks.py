"""`examples/fastapi-jwks` as its README starts it, against a Rolecall that runs: `cargo xtask clients`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import requests

ISSUER = os.environ["ISSUER"]
EXAMPLE = Path(__file__).resolve().parents[2] / "examples/fastapi-jwks"


def token(username, password):
    form = {"grant_type": "password", "username": username, "password": password}
    return requests.post(f"{ISSUER}/token", data=form, timeout=20).json()["access_token"]


def status(path, bearer=None):
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return requests.get(f"{address}{path}", headers=headers, timeout=20).status_code


print("FastAPI, examples/fastapi-jwks:")
# Port 0: the system chooses one, and uvicorn says which.
server = subprocess.Popen(
    [sys.executable, "-m", "uvicorn", "main:app", "--port", "0", "--no-access-log"], cwd=EXAMPLE, stderr=subprocess.PIPE, text=True
)
try:
    said = (re.search(r"running on (http://\S+)", line) for line in server.stderr)
    address = next(found for found in said if found)[1]

    password = "correct horse battery staple"
    requests.post(f"{ISSUER}/register", json={"username": "ada", "password": password}, timeout=20).raise_for_status()
    ada, admin = token("ada", password), token(os.environ["USERNAME"], os.environ["PASSWORD"])
    expected = {
        ("/items/", None): 401, ("/items/", "x.y.z"): 401, ("/items/", ada): 403, ("/items/", admin): 200,
        ("/users/", ada): 200, ("/users/", admin): 403,
    }
    for (path, bearer), code in expected.items():
        assert status(path, bearer) == code, (path, code, status(path, bearer))
    head, body, signature = ada.split(".")
    assert status("/users/", f"{head}.{body}.{'AB'[signature[0] == 'A']}{signature[1:]}") == 401
    print(f"  lets in by role, and nobody else\nFastAPI: {len(expected) + 1} passed, 0 failed")
finally:
    server.terminate()
    server.wait()
