"""Verifies a stream of an audit log, as the README describes the format. It shares no code with the verifier.

Usage: oracle.py TRUSTED_KID FILE...   the files of one stream, in their order
"""

import base64, hashlib, json, sys

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
decode = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
number = lambda text: int.from_bytes(decode(text), "big")

trusted, *files = sys.argv[1:]
chain, sequence, mark, sealed, tokens = "", 0, None, 0, 0
for path in files:
    batch = b""
    for line in open(path, "rb").read().split(b"\n")[:-1]:
        record = json.loads(line)
        sequence += 1
        assert record["sequence"] == sequence, f"line {sequence} is missing"
        tokens += "jti" in record
        body, _, end = line.rpartition(b',"chain":"')
        if len(end) != 45:
            batch += line + b"\n"
            continue
        chain = encode(hashlib.sha256(chain.encode() + batch + body).digest())
        assert end == chain.encode() + b'"}', f"the chain is broken at {sequence}"
        batch = b""
        if record.get("event") in ("mark", "close"):
            mark = f"sealwright-audit-seal\n{path.split('audit-')[-1][:33]}\n{sequence}\n{chain}\n", sequence
        if record.get("event") == "seal":
            header, payload, signature = record["jws"].split(".")
            jwk = record["jwk"]
            members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
            kid = encode(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())
            assert json.loads(decode(header)) == {"alg": "ES256", "typ": "sealwright-audit-seal", "kid": kid}
            assert kid == trusted, "the key is not trusted"
            assert decode(payload).decode() == mark[0], "the seal is for other lines"
            key = ec.EllipticCurvePublicNumbers(number(jwk["x"]), number(jwk["y"]), ec.SECP256R1()).public_key()
            raw = decode(signature)
            der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
            key.verify(der, f"{header}.{payload}".encode(), ec.ECDSA(SHA256()))
            sealed = mark[1]
    assert batch == b"", "the last batch is torn"
print(json.dumps({"lines": sequence, "tokens": tokens, "sealed": sealed, "chain": chain}))
