"""Validates the tokens of the cases on standard input with the libraries that Debian has for Python."""

import json
import sys

import authlib
import jose
import jwcrypto
import jwcrypto.jwk
import jwcrypto.jwt
import jwt
from authlib.jose import JsonWebKey, JsonWebToken
from jose import jwt as python_jose
from importlib.metadata import version


def pyjwt(case, token):
    key = jwt.PyJWKSet.from_dict(case["jwks"])[case["kid"]].key
    jwt.decode(token, key, algorithms=[case["alg"]], issuer=case["issuer"], audience=case["audience"])


def with_python_jose(case, token):
    python_jose.decode(
        token, case["jwks"], algorithms=[case["alg"]], issuer=case["issuer"], audience=case["audience"]
    )


def with_authlib(case, token):
    options = {
        "iss": {"essential": True, "value": case["issuer"]},
        "aud": {"essential": True, "value": case["audience"]},
    }
    keys = JsonWebKey.import_key_set(case["jwks"])
    JsonWebToken([case["alg"]]).decode(token, keys, claims_options=options).validate()


def with_jwcrypto(case, token):
    keys = jwcrypto.jwk.JWKSet.from_json(json.dumps(case["jwks"]))
    expected = {"iss": case["issuer"], "aud": case["audience"]}
    jwcrypto.jwt.JWT(jwt=token, key=keys, algs=[case["alg"]], check_claims=expected)


def outcome(validate, case, token):
    try:
        validate(case, token)
    except Exception as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return None


libraries = [
    ("PyJWT", version("PyJWT"), pyjwt),
    ("python-jose", version("python-jose"), with_python_jose),
    ("Authlib", authlib.__version__, with_authlib),
    ("jwcrypto", version("jwcrypto"), with_jwcrypto),
]
cases = json.load(sys.stdin)
json.dump(
    [
        {
            "kind": "Python",
            "name": name,
            "version": number,
            "outcomes": {
                case["id"]: [outcome(validate, case, token) for token in [case["token"], *case["forged"]]]
                for case in cases
            },
        }
        for name, number, validate in libraries
    ],
    sys.stdout,
)
