"""A software authenticator on the `cryptography` package: it registers one credential, right or wrong as it is told."""

import base64
import hashlib
import json
import os

from cryptography.hazmat.primitives.asymmetric import ec, rsa

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator:
    def __init__(self, algorithm=-7):
        self.id = os.urandom(32)
        self.algorithm = algorithm
        if algorithm == -7:
            self.key = ec.generate_private_key(ec.SECP256R1())
        else:
            self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def create(self, options, origin=None, **overrides):
        """A RegistrationResponseJSON for these options."""
        party = overrides.get("party", options["rp"]["id"])
        said = client_data("webauthn.create", options["challenge"], origin or f"https://{options['rp']['id']}")
        data = self._auth_data(party, overrides.get("flags", PRESENT | VERIFIED) | ATTESTED)
        data += bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor(self._cose())
        attestation = cbor({"fmt": overrides.get("fmt", "none"), "attStmt": {}, "authData": data})
        return self._credential(
            {
                "clientDataJSON": base64url(said),
                "attestationObject": base64url(attestation),
                "transports": ["internal"],
            }
        )

    def _credential(self, response):
        credential_id = base64url(self.id)
        return {
            "id": credential_id,
            "rawId": credential_id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }

    def _auth_data(self, party, flags):
        return hashlib.sha256(party.encode()).digest() + bytes([flags]) + bytes(4)

    def _cose(self):
        numbers = self.key.public_key().public_numbers()
        if self.algorithm == -7:
            return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        return {1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")}


def client_data(kind, challenge, origin):
    said = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
    return json.dumps(said, separators=(",", ":")).encode()


def cbor(value):
    """CBOR of integers, texts, byte strings, lists and dictionaries."""
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(key) + cbor(entry) for key, entry in value.items())


def head(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    if argument < 0x100:
        return bytes([major << 5 | 24, argument])
    return bytes([major << 5 | 25]) + argument.to_bytes(2, "big")
