// Codes of software tokens for a step, not for a moment: the soak decides which step it shows.

import { createHmac } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The step of a moment in milliseconds. */
export const stepOf = (moment) => Math.floor(moment / 30_000);

/** The six digits of a step (RFC 6238). */
export function codeOf(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac("sha1", decode(secret)).update(counter).digest();
  const number = hash.readUInt32BE(hash.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** Digits that are no code of the steps around this one. */
export function wrongCode(secret, step) {
  const right = new Set([-3, -2, -1, 0, 1, 2, 3].map((drift) => codeOf(secret, step + drift)));
  for (let guess = 0; ; guess += 1) {
    const text = String(guess).padStart(6, "0");
    if (!right.has(text)) return text;
  }
}

function decode(text) {
  let bits = "";
  for (const letter of text) bits += ALPHABET.indexOf(letter).toString(2).padStart(5, "0");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
