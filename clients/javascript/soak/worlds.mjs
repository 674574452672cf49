// What one user may be: usually one state; several after an answer was lost, until a later answer tells which.

import { NOBODY } from "./user.mjs";

const TRACE = 40;
/** More states than this at once are looked into before anything else happens. */
export const MOST_WORLDS = 8;

/** A user name of one worker, and everything that is known of it. */
export class Person {
  constructor(username) {
    this.username = username;
    this.worlds = [NOBODY];
    /** Tokens that were given out, those of earlier users of this name among them. */
    this.wallet = [];
    /** Messages that were seen. */
    this.messages = new Set();
    this.trace = [];
    this.isLost = false;
  }

  /** The state, as long as there is no doubt about it; else one of them. */
  get state() {
    return this.worlds[0];
  }

  get isCertain() {
    return this.worlds.length === 1;
  }

  note(line) {
    this.trace.push(`${new Date().toISOString()} ${line}`);
    if (this.trace.length > TRACE) this.trace.shift();
  }
}

/** The states after an answer was lost: as before, or as after any answer that would have been right. */
export function afterLoss(worlds, { outcomes }, span) {
  return distinct(worlds.flatMap((state) => [state, ...outcomes(state, span).map(({ next }) => next)]));
}

/** The states after an answer; none if it is wrong in all of them, and then `reasons` says why. */
export function afterAnswer(worlds, { outcomes }, outcome) {
  const reasons = [];
  const next = worlds.flatMap((state) =>
    outcomes(state, outcome.span).flatMap((expected) => {
      const reason = mismatch(expected, outcome);
      if (reason === undefined) return [expected.next];
      reasons.push(reason);
      return [];
    }),
  );
  return { worlds: distinct(next), reasons };
}

function mismatch({ ok, error, next, never }, outcome) {
  if (never) return "only if the answer is lost";
  if (error !== undefined) {
    const [name, message] = error;
    if (outcome.kind !== "refusal") return `expected ${name}: ${message}`;
    if (outcome.name !== name || outcome.message !== message) return `expected ${name}: ${message}`;
    return outcome.isModelled ? undefined : `${name} is not modelled for the operation, or has another status`;
  }
  if (outcome.kind !== "answer") return "expected success";
  return ok(outcome.output, next);
}

function distinct(worlds) {
  if (worlds.length < 2) return worlds;
  return [...new Map(worlds.map((state) => [JSON.stringify(state), state])).values()];
}
