// What a user is, as far as the API shows it: the state that the model keeps, and how an answer is compared with it.
//
// A state is plain data. Moments are intervals of the server's clock in milliseconds, because a request's own moment is
// only known to lie between its sending and its answer.

const WEEK = 7 * 86_400_000;
const FIRST_LOCK = 5;
const FORGET_AFTER = 900_000;
/** The clocks of both sides are read in milliseconds. */
const SLACK = 2;

/** The state of a name that nobody has. */
export const NOBODY = Object.freeze({ exists: false });

/** The state after AdminCreateUser. */
export function created(attributes, password, [from, to]) {
  return {
    exists: true,
    sub: null,
    since: null,
    attributes: { ...attributes },
    enabled: true,
    status: "FORCE_CHANGE_PASSWORD",
    password,
    temporaryUntil: [from + WEEK, to + WEEK],
    failures: 0,
    lastFailure: null,
    locked: null,
    groups: [],
    token: { secret: null, waiting: null, step: -1, on: false, preferred: false },
    families: [],
    unknownFamilies: 0,
    code: null,
    codesAsked: 0,
    codesWrong: 0,
    guesses: 0,
  };
}

/** A copy that may be changed. */
export function changed(state, change) {
  const copy = structuredClone(state);
  change(copy);
  return copy;
}

/** Whether sign-ins may find the user locked: one or both of true and false. */
export function lockedAt(state, [from, to]) {
  if (state.locked === null || state.locked[1] + SLACK < from) return [false];
  if (to < state.locked[0] - SLACK) return [true];
  return [true, false];
}

/** What a wrong guess may lead to. */
export function failed(state, [from, to]) {
  const last = state.lastFailure;
  const counts = [];
  if (last === null || to >= last[0] + FORGET_AFTER - SLACK) counts.push(1);
  if (last !== null && from < last[1] + FORGET_AFTER + SLACK) counts.push(state.failures + 1);
  return counts.map((failures) =>
    changed(state, (after) => {
      const beyond = failures - FIRST_LOCK;
      const length = beyond < 0 ? 0 : Math.min(2 ** beyond * 1_000, FORGET_AFTER);
      after.failures = failures;
      after.lastFailure = [from, to];
      after.locked = beyond < 0 ? null : [from + length, to + length];
    }),
  );
}

/** Forgets wrong guesses. */
export function forgive(state) {
  state.failures = 0;
  state.lastFailure = null;
  state.locked = null;
}

/** Whether a moment lies before, after, or on either side of a request: one or both of true (is over) and false. */
export function isOver(end, [from, to], slack = SLACK) {
  if (from >= end + slack) return [true];
  if (to < end - slack) return [false];
  return [true, false];
}

/** Ends every sign-in. */
export function endSignIns(state) {
  for (const family of state.families) family.revoked = true;
  state.unknownFamilies = 0;
}

/** What is different between two lists of attributes, or nothing. Learns `sub` where it is not known. */
export function compareAttributes(list, state) {
  const found = {};
  for (const { Name, Value } of list ?? []) {
    if (Object.hasOwn(found, Name)) return `attribute ${Name} is there twice`;
    found[Name] = Value;
  }
  if (state.sub === null && found.sub !== undefined) state.sub = found.sub;
  return compareMaps(found, { sub: state.sub, ...state.attributes });
}

/** What is different between two flat objects, or nothing. */
export function compareMaps(found, expected) {
  for (const name of new Set([...Object.keys(found), ...Object.keys(expected)])) {
    if (found[name] !== expected[name]) {
      return `${name} is ${JSON.stringify(found[name])}, expected ${JSON.stringify(expected[name])}`;
    }
  }
  return undefined;
}

/** The same for two sets of words. */
export function compareSets(what, found, expected) {
  const [a, b] = [[...found].sort(), [...expected].sort()];
  if (a.length === b.length && a.every((word, at) => word === b[at])) return undefined;
  return `${what} are [${a}], expected [${b}]`;
}

/** Compares a user as lists show them. */
export function compareListed(user, username, state) {
  return (
    compareMaps(
      { username: user.Username, enabled: user.Enabled, status: user.UserStatus, options: user.MFAOptions },
      { username, enabled: state.enabled, status: state.status, options: undefined },
    ) ??
    compareAttributes(user.Attributes, state) ??
    compareDates(user, state)
  );
}

/** Compares a user as AdminGetUser shows them. */
export function compareRead(answer, username, state) {
  return (
    compareListed({ ...answer, Attributes: answer.UserAttributes }, username, state) ?? compareFactors(answer, state)
  );
}

/** Compares the second factors in an answer. */
export function compareFactors(answer, { token }) {
  return (
    compareSets("factors", answer.UserMFASettingList ?? [], token.on ? ["SOFTWARE_TOKEN_MFA"] : []) ??
    compareMaps(
      { preferred: answer.PreferredMfaSetting },
      { preferred: token.preferred ? "SOFTWARE_TOKEN_MFA" : undefined },
    )
  );
}

function compareDates({ UserCreateDate: made, UserLastModifiedDate: touched }, state) {
  if (!(made instanceof Date) || !(touched instanceof Date)) return "a date is missing";
  state.since ??= made.getTime();
  if (state.since !== made.getTime())
    return `created at ${made.toISOString()}, earlier at ${new Date(state.since).toISOString()}`;
  return undefined;
}
