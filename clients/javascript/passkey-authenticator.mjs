// A software authenticator with one credential: it does what it is told, right or wrong.
//
// Written from "Web Authentication, Level 3" with nothing of the server's, so that the two check each other.

import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

export const PRESENT = 0x01;
export const VERIFIED = 0x04;
export const BACKUP_ELIGIBLE = 0x08;
export const BACKED_UP = 0x10;
const ATTESTED = 0x40;
const EXTENDED = 0x80;

const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

export class Authenticator {
  /** `algorithm` is -7 (ES256), -257 (RS256) or -8 (Ed25519). */
  constructor({ algorithm = -7, id = randomBytes(20), transports = ["internal"], attachment = "platform" } = {}) {
    Object.assign(this, { algorithm, id, transports, attachment, counter: 0 });
    const { publicKey, privateKey } = keys[algorithm]();
    this.jwk = publicKey.export({ format: "jwk" });
    this.privateKey = privateKey;
  }

  /**
   * A RegistrationResponseJSON for these options. `origin` is the page; `clientData` changes what the browser says of
   * it; `rpId`, `flags`, `extensions`, `format` and `statement` what the authenticator says.
   */
  create(options, { origin = originOf(options.rp.id), clientData = {}, ...overrides } = {}) {
    const said = clientDataJSON("webauthn.create", options.challenge, origin, clientData);
    const authData = this.#authData({ rpId: options.rp.id, ...overrides }, true);
    const signature = () => this.#sign(Buffer.concat([authData, sha256(said)]));
    const { format = "none", statement = {} } = overrides;
    const attestation = cbor(
      new Map([
        ["fmt", format],
        ["attStmt", statement === "self" ? { alg: this.algorithm, sig: signature() } : statement],
        ["authData", authData],
      ]),
    );
    return this.#credential({
      clientDataJSON: base64url(said),
      attestationObject: base64url(attestation),
      transports: this.transports,
    });
  }

  /** An AuthenticationResponseJSON, likewise; `userHandle` is bytes. Every use counts one up. */
  get(options, { origin = originOf(options.rpId), clientData = {}, userHandle, ...overrides } = {}) {
    const said = clientDataJSON("webauthn.get", options.challenge, origin, clientData);
    this.counter += 1;
    const authData = this.#authData({ rpId: options.rpId, ...overrides }, false);
    return this.#credential({
      clientDataJSON: base64url(said),
      authenticatorData: base64url(authData),
      signature: base64url(this.#sign(Buffer.concat([authData, sha256(said)]))),
      ...(userHandle === undefined ? {} : { userHandle: base64url(userHandle) }),
    });
  }

  #credential(response) {
    const id = base64url(this.id);
    return {
      id,
      rawId: id,
      type: "public-key",
      authenticatorAttachment: this.attachment,
      clientExtensionResults: {},
      response,
    };
  }

  #authData({ rpId, flags = PRESENT | VERIFIED, extensions }, attested) {
    const set = flags | (attested ? ATTESTED : 0) | (extensions === undefined ? 0 : EXTENDED);
    const head = Buffer.alloc(5);
    head.writeUInt8(set, 0);
    head.writeUInt32BE(this.counter, 1);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.id.length);
    const credential = attested ? [Buffer.alloc(16), length, this.id, cbor(this.#cose())] : [];
    return Buffer.concat([sha256(rpId), head, ...credential, extensions === undefined ? Buffer.alloc(0) : cbor(extensions)]);
  }

  #cose() {
    const part = (name) => Buffer.from(this.jwk[name], "base64url");
    switch (this.algorithm) {
      case -7:
        return new Map([[1, 2], [3, -7], [-1, 1], [-2, part("x")], [-3, part("y")]]);
      case -257:
        return new Map([[1, 3], [3, -257], [-1, part("n")], [-2, part("e")]]);
      default:
        return new Map([[1, 1], [3, -8], [-1, 6], [-2, part("x")]]);
    }
  }

  #sign(message) {
    return sign(this.algorithm === -8 ? null : "sha256", message, this.privateKey);
  }
}

const keys = {
  [-7]: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  [-257]: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  [-8]: () => generateKeyPairSync("ed25519"),
};

function originOf(rpId) {
  return rpId === "localhost" ? "http://localhost" : `https://${rpId}`;
}

function clientDataJSON(type, challenge, origin, overrides) {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false, ...overrides }));
}

/** CBOR of integers, texts, byte strings, arrays, maps and plain objects. */
export function cbor(value) {
  if (typeof value === "number") return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Buffer.concat([head(5, entries.length), ...entries.flat().map(cbor)]);
}

function head(major, argument) {
  if (argument < 24) return Buffer.from([(major << 5) | argument]);
  if (argument < 0x100) return Buffer.from([(major << 5) | 24, argument]);
  return Buffer.from([(major << 5) | 25, argument >> 8, argument & 0xff]);
}
