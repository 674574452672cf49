import assert from "node:assert/strict";

/**
 * Holds when the call is refused with this exception and message.
 * `name` may be a list of names where the live service's class is not settled; `message` a text or a pattern.
 */
export async function refused(call, name, message) {
  await assert.rejects(call, (error) => {
    const names = [name].flat();
    assert.ok(names.includes(error.name), `expected ${names.join(" or ")}, got ${error.name}: ${error.message}`);
    if (message instanceof RegExp) assert.match(error.message, message);
    else if (message !== undefined) assert.equal(error.message, message);
    return true;
  });
}

/** The message of one violated constraint. */
export function violation(member, constraint, value) {
  const shown = value === undefined ? "Value" : value === null ? "Value null" : `Value '${value}'`;
  return `1 validation error detected: ${shown} at '${member}' failed to satisfy constraint: ${constraint}`;
}

export const NO_POOL = "us-east-1_nosuchpool";
export const POOL_PATTERN = String.raw`Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+`;
export const TEXT_PATTERN = String.raw`Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`;
export const NO_USER = ["UserNotFoundException", "User does not exist."];

/** A password for every rule of the default policy, and what is said of it. */
export const POLICY = [
  ["Aa1!aaa", "Password not long enough"],
  ["aaaa1111!", "Password must have uppercase characters"],
  ["AAAA1111!", "Password must have lowercase characters"],
  ["Aaaaaaaa!", "Password must have numeric characters"],
  ["Aaaaa1111", "Password must have symbol characters"],
];
