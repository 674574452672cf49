// An authenticator application, with an independent implementation of RFC 6238.

import { Secret, TOTP } from "otpauth";

/** The codes of a SecretCode at the server's time, `steps` of 30 seconds from now. */
export class Authenticator {
  #server;
  #totp;

  constructor(server, secretCode) {
    this.#server = server;
    this.#totp = new TOTP({ secret: Secret.fromBase32(secretCode) });
  }

  /** Moves the server's clock to the beginning of a step, so that none ends while a test works with its code. */
  async waitForStep() {
    const gone = (await this.#server.now()) % 30_000;
    if (gone > 10_000) await this.#server.advance(Math.ceil((30_000 - gone) / 1_000));
  }

  async code(steps = 0) {
    return this.#totp.generate({ timestamp: (await this.#server.now()) + steps * 30_000 });
  }

  /** A code that belongs to no step that could be meant. */
  async wrongCode() {
    const near = await Promise.all([-3, -2, -1, 0, 1, 2, 3].map((steps) => this.code(steps)));
    return ["000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777"].find(
      (code) => !near.includes(code),
    );
  }
}
