// What each operation may answer about a user in a given state, and what it makes of that state.
//
// An operation is `{ command, outcomes }`. `outcomes(state, span)` lists every answer that is right for that state:
// `{ error: [name, message], next }` or `{ ok, next }`, where `ok(output, next)` says what is wrong with the output, if
// anything, and completes `next` with what only the answer tells. `span` is the interval of the server's clock in which
// the operation happened.

import * as sdk from "@aws-sdk/client-cognito-identity-provider";

import { attributeList } from "../fixtures.mjs";
import { stepOf } from "./totp.mjs";
import {
  changed,
  compareFactors,
  compareAttributes,
  compareListed,
  compareMaps,
  compareRead,
  compareSets,
  created,
  endSignIns,
  failed,
  forgive,
  isOver,
  lockedAt,
  NOBODY,
} from "./user.mjs";

/** How long an access token lives, in seconds: the shortest that the API allows. */
export const ACCESS_SECONDS = 300;
/** How long a refresh token lives, in seconds. */
export const REFRESH_SECONDS = 3_600;

const NO_USER = ["UserNotFoundException", "User does not exist."];
const NO_COMBINATION = ["UserNotFoundException", "Username/client id combination not found."];
const WRONG = ["NotAuthorizedException", "Incorrect username or password."];
const LOCKED = ["NotAuthorizedException", "Password attempts exceeded"];
const DISABLED = ["NotAuthorizedException", "User is disabled."];
const TEMPORARY_OVER = [
  "NotAuthorizedException",
  "Temporary password has expired and must be reset by an administrator.",
];
const EXPIRED_CODE = ["ExpiredCodeException", "Invalid code provided, please request a code again."];
const WRONG_CODE = ["CodeMismatchException", "Invalid verification code provided, please try again."];
const ONCE = ["NotAuthorizedException", "Invalid session for the user, session can only be used once."];
const INVALID_SESSION = ["NotAuthorizedException", "Invalid session for the user."];
const EXPIRED_SESSION = ["NotAuthorizedException", "Invalid session for the user, session is expired."];
const access = (what) => ["NotAuthorizedException", `Access Token has ${what}`];
const refresh = (what) => ["NotAuthorizedException", `Refresh Token has ${what}`];
const INVALID_REFRESH = ["NotAuthorizedException", "Invalid Refresh Token"];
const REUSED = ["RefreshTokenReuseException", "Refresh token has been reused"];
const LIMIT = ["LimitExceededException", "Attempt limit exceeded, please try after some time."];

const HOUR = 3_600_000;
/** How long a challenge waits for its answer. */
const SESSION = 180_000;
const nothing = () => undefined;
const no = (error, next) => ({ error, next });
const ok = (next, check = nothing) => ({ ok: check, next });

/** The operations on users of a pool. `keys` checks tokens, `register` hears of every id that has to be unique. */
export class Operations {
  constructor({ pool, clients, tokens, register }) {
    Object.assign(this, { pool, clients, tokens, register });
  }

  #admin(name, username, input, outcomes) {
    const command = new sdk[`${name}Command`]({ UserPoolId: this.pool, Username: username, ...input });
    return { name, command, outcomes };
  }

  /** An operation of the administrator that only changes an existing user, and answers nothing. */
  #change(name, username, input, change) {
    return this.#admin(name, username, input, (state) =>
      state.exists ? [ok(changed(state, change))] : [no(NO_USER, state)],
    );
  }

  create(username, attributes, password) {
    const input = { TemporaryPassword: password, MessageAction: "SUPPRESS", UserAttributes: attributeList(attributes) };
    return this.#admin("AdminCreateUser", username, input, (state, span) => {
      if (state.exists) return [no(["UsernameExistsException", "User account already exists"], state)];
      const check = ({ User }, next) => compareListed(User, username, next) ?? this.register("sub", next.sub, User);
      return [ok(created(attributes, password, span), check)];
    });
  }

  remove(username) {
    return this.#admin("AdminDeleteUser", username, {}, (state) => [state.exists ? ok(NOBODY) : no(NO_USER, state)]);
  }

  read(username) {
    return this.#admin("AdminGetUser", username, {}, (state) => {
      if (!state.exists) return [no(NO_USER, state)];
      return [ok(changed(state, nothing), (answer, next) => compareRead(answer, username, next))];
    });
  }

  /** Looks a user up by an address that is theirs, was theirs, or never was. */
  readByAlias(username, address) {
    return this.#admin("AdminGetUser", address, {}, (state) => {
      if (!state.exists || state.attributes.email !== address) return [no(NO_USER, state)];
      return [ok(changed(state, nothing), (answer, next) => compareRead(answer, username, next))];
    });
  }

  factors(username) {
    return this.#admin("AdminGetUserAuthFactors", username, {}, (state) => {
      if (!state.exists) return [no(NO_USER, state)];
      const check = (answer, next) =>
        compareMaps({ username: answer.Username }, { username }) ?? compareFactors(answer, next);
      return [ok(changed(state, nothing), check)];
    });
  }

  update(username, attributes) {
    return this.#change("AdminUpdateUserAttributes", username, { UserAttributes: attributeList(attributes) }, (after) =>
      setAttributes(after, attributes),
    );
  }

  removeAttributes(username, names) {
    return this.#change("AdminDeleteUserAttributes", username, { UserAttributeNames: names }, (after) =>
      setAttributes(after, Object.fromEntries(names.map((name) => [name, ""]))),
    );
  }

  setPassword(username, password, permanent) {
    const input = { Password: password, Permanent: permanent };
    return this.#admin("AdminSetUserPassword", username, input, (state, [from, to]) => {
      if (!state.exists) return [no(NO_USER, state)];
      const week = 7 * 24 * HOUR;
      return [
        ok(
          changed(state, (after) => {
            after.password = password;
            after.status = permanent ? "CONFIRMED" : "FORCE_CHANGE_PASSWORD";
            after.temporaryUntil = permanent ? null : [from + week, to + week];
            forgive(after);
          }),
        ),
      ];
    });
  }

  disable(username) {
    return this.#change("AdminDisableUser", username, {}, (after) => {
      if (after.enabled) endSignIns(after);
      after.enabled = false;
    });
  }

  enable(username) {
    return this.#change("AdminEnableUser", username, {}, (after) => {
      after.enabled = true;
    });
  }

  signOutEverywhere(username) {
    return this.#change("AdminUserGlobalSignOut", username, {}, endSignIns);
  }

  addToGroup(username, GroupName) {
    return this.#change("AdminAddUserToGroup", username, { GroupName }, (after) => {
      after.groups = [...new Set([...after.groups, GroupName])].sort();
    });
  }

  removeFromGroup(username, GroupName) {
    return this.#change("AdminRemoveUserFromGroup", username, { GroupName }, (after) => {
      after.groups = after.groups.filter((name) => name !== GroupName);
    });
  }

  groups(username) {
    return this.#admin("AdminListGroupsForUser", username, { Limit: 60 }, (state) => {
      if (!state.exists) return [no(NO_USER, state)];
      const check = ({ Groups, NextToken }) =>
        NextToken === undefined
          ? compareSets(
              "groups",
              Groups.map(({ GroupName }) => GroupName),
              state.groups,
            )
          : "a second page";
      return [ok(state, check)];
    });
  }

  /** The sign-ins that stand. Those whose answer was lost are there without a known id. */
  sessions(username) {
    return this.#admin("AdminListUserSessions", username, {}, (state, span) => {
      if (!state.exists) return [no(NO_USER, state)];
      const check = ({ Sessions, NextToken }) => {
        if (NextToken !== undefined) return "a second page of sessions";
        const listed = new Set(Sessions.map(({ SessionId }) => SessionId));
        let known = 0;
        for (const family of state.families) {
          const standing = family.revoked ? [false] : isOver(family.expires, span, 1_500).map((over) => !over);
          const isListed = listed.has(sessionId(family.id));
          if (!standing.includes(isListed)) return `the sign-in ${family.id} is ${isListed ? "" : "not "}listed`;
          known += isListed ? 1 : 0;
        }
        const unknown = listed.size - known;
        if (unknown > state.unknownFamilies) return `${unknown} sessions that nobody began`;
        return undefined;
      };
      return [ok(state, check)];
    });
  }

  setPreference(username, on) {
    const input = { SoftwareTokenMfaSettings: { Enabled: on, PreferredMfa: on } };
    return this.#admin("AdminSetUserMFAPreference", username, input, (state) => {
      if (!state.exists) return [no(NO_USER, state)];
      if (on && state.token.secret === null) {
        const waits = state.token.waiting !== null;
        const text = waits
          ? "User has not verified software token mfa"
          : "User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA";
        return [no(["InvalidParameterException", text], state)];
      }
      return [ok(changed(state, ({ token }) => Object.assign(token, { on, preferred: on })))];
    });
  }

  /** A sign-in with a password; `isAdmin` chooses the API. */
  signIn(username, password, { client = "plain", isAdmin = true } = {}) {
    const input = {
      ClientId: this.clients[client],
      AuthFlow: isAdmin ? "ADMIN_USER_PASSWORD_AUTH" : "USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: username, PASSWORD: password },
    };
    const command = isAdmin
      ? new sdk.AdminInitiateAuthCommand({ UserPoolId: this.pool, ...input })
      : new sdk.InitiateAuthCommand(input);
    const outcomes = (state, span) => {
      if (!state.exists) return [no(NO_USER, state)];
      if (!state.enabled) return [no(DISABLED, state)];
      return lockedAt(state, span).flatMap((isLocked) => {
        if (isLocked) return [no(LOCKED, state)];
        if (password !== state.password) return failed(state, span).map((next) => no(WRONG, next));
        return this.#afterPassword(state, span, username, client);
      });
    };
    return { name: isAdmin ? "AdminInitiateAuth" : "InitiateAuth", command, outcomes };
  }

  #afterPassword(state, span, username, client) {
    if (state.status === "FORCE_CHANGE_PASSWORD") {
      return [
        ...(state.temporaryUntil[0] - 2 <= span[1] ? [no(TEMPORARY_OVER, state)] : []),
        ...(state.temporaryUntil[1] + 2 > span[0] ? [challenge(state, "NEW_PASSWORD_REQUIRED")] : []),
      ];
    }
    if (state.token.on) return [challenge(state, "SOFTWARE_TOKEN_MFA")];
    return [this.#tokensOf(state, span, username, client)];
  }

  /** The end of a sign-in: a new family of tokens. */
  #tokensOf(state, span, username, client) {
    const next = changed(state, (after) => {
      forgive(after);
      // Until the answer says which, there is one more that nobody knows.
      after.unknownFamilies += 1;
    });
    const check = ({ AuthenticationResult: result, ChallengeName }, after) => {
      if (ChallengeName !== undefined) return `asked for ${ChallengeName}`;
      const claims = this.tokens.check(result, { state: after, username, client: this.clients[client], span });
      if (typeof claims === "string") return claims;
      if (!result.RefreshToken) return "no refresh token";
      after.unknownFamilies -= 1;
      after.families.push({
        id: claims.origin_jti,
        client,
        revoked: false,
        generation: 0,
        expires: claims.auth_time * 1_000 + REFRESH_SECONDS * 1_000,
      });
      return this.register("sign-in", claims.origin_jti, result);
    };
    return ok(next, check);
  }

  /** The answer to NEW_PASSWORD_REQUIRED. `isReplay`: the session was answered before. */
  answerNewPassword(username, asked, password, { client = "plain", isReplay = false } = {}) {
    const responses = { USERNAME: username, NEW_PASSWORD: password };
    return this.#respond("NEW_PASSWORD_REQUIRED", asked, responses, client, (state, span) => {
      if (isReplay) return [no(ONCE, state)];
      if (!state.exists) return [no(INVALID_SESSION, state)];
      const after = changed(state, (next) => {
        next.password = password;
        next.status = "CONFIRMED";
        next.temporaryUntil = null;
        forgive(next);
      });
      // Two transactions: a crash between them leaves the new password, and no tokens.
      const halfway = { never: true, next: after };
      if (state.token.on) return [challenge(after, "SOFTWARE_TOKEN_MFA")];
      return [this.#tokensOf(after, span, username, client), halfway];
    });
  }

  /** The answer to SOFTWARE_TOKEN_MFA. */
  answerToken(username, asked, code, step, { client = "plain" } = {}) {
    const responses = { USERNAME: username, SOFTWARE_TOKEN_MFA_CODE: code };
    return this.#respond("SOFTWARE_TOKEN_MFA", asked, responses, client, (state, span) => {
      if (!state.exists) return [no(INVALID_SESSION, state)];
      return lockedAt(state, span).flatMap((isLocked) => {
        if (isLocked) return [no(LOCKED, state)];
        return isCodeTaken(step, span).flatMap((isTaken) => {
          if (!isTaken) {
            const mismatch = ["CodeMismatchException", "Invalid code received for user"];
            return failed(state, span).map((next) => no(mismatch, next));
          }
          const used = changed(state, ({ token }) => {
            token.step = step;
          });
          return [this.#tokensOf(used, span, username, client)];
        });
      });
    });
  }

  /** `asked` is the challenge's session, and the interval in which it was asked. */
  #respond(ChallengeName, { Session, span: [first, last] }, ChallengeResponses, client, inside) {
    const ClientId = this.clients[client];
    const input = { UserPoolId: this.pool, ClientId, ChallengeName, Session, ChallengeResponses };
    const outcomes = (state, span) => [
      ...(span[1] + 2 >= first + SESSION ? [no(EXPIRED_SESSION, state)] : []),
      ...(span[0] - 2 <= last + SESSION ? inside(state, span) : []),
    ];
    return {
      name: "AdminRespondToAuthChallenge",
      command: new sdk.AdminRespondToAuthChallengeCommand(input),
      outcomes,
    };
  }

  /** An exchange of a refresh token: by the flow for the plain client, by the newer operation for the rotating one. */
  refresh(username, held) {
    const ClientId = this.clients[held.client];
    const isRotating = held.client === "rotating";
    const command = isRotating
      ? new sdk.GetTokensFromRefreshTokenCommand({ ClientId, RefreshToken: held.refresh })
      : new sdk.InitiateAuthCommand({
          ClientId,
          AuthFlow: "REFRESH_TOKEN_AUTH",
          AuthParameters: { REFRESH_TOKEN: held.refresh },
        });
    const outcomes = (state, span) => {
      const over = isOver(held.refreshEnds, span, 1_500);
      const family = familyOf(state, held);
      if (family === undefined) return over.map((isPast) => no(isPast ? refresh("expired") : INVALID_REFRESH, state));
      if (isRotating && held.generation < family.generation) {
        return [
          no(
            REUSED,
            changed(state, (after) => (familyOf(after, held).revoked = true)),
          ),
        ];
      }
      if (!state.enabled) return [no(DISABLED, state)];
      if (family.revoked) return [no(refresh("been revoked"), state)];
      return over.map((isPast) => {
        if (isPast) return no(refresh("expired"), state);
        const next = changed(state, (after) => {
          if (isRotating) familyOf(after, held).generation += 1;
        });
        return ok(next, ({ AuthenticationResult: result }, after) => {
          if ((result.RefreshToken !== undefined) !== isRotating) return "a refresh token where none is due, or none";
          const claims = this.tokens.check(result, { state: after, username, client: ClientId, span });
          if (typeof claims === "string") return claims;
          return compareMaps({ family: claims.origin_jti }, { family: held.family });
        });
      });
    };
    return { name: isRotating ? "GetTokensFromRefreshToken" : "InitiateAuth", command, outcomes };
  }

  revoke(held) {
    const command = new sdk.RevokeTokenCommand({ Token: held.refresh, ClientId: this.clients[held.client] });
    const outcomes = (state) => {
      const family = familyOf(state, held);
      if (family === undefined) return [ok(state)];
      return [ok(changed(state, (after) => (familyOf(after, held).revoked = true)))];
    };
    return { name: "RevokeToken", command, outcomes };
  }

  /** An operation that an access token opens; `inside` answers its outcomes once it is open. */
  #withToken(name, held, input, inside, gone = NO_USER) {
    const command = new sdk[`${name}Command`]({ AccessToken: held.access, ...input });
    const outcomes = (state, span) =>
      isOver(held.accessEnds, span, 1_500).flatMap((isPast) => {
        if (isPast) return [no(access("expired"), state)];
        if (!state.exists || (state.sub !== null && state.sub !== held.sub)) return [no(gone, state)];
        const family = familyOf(state, held);
        // Of a user whose creation was not heard of nobody holds a token: it is of one of before with the same name.
        if (family === undefined && state.sub === null) return [no(gone, state)];
        if (family === undefined || family.revoked) return [no(access("been revoked"), state)];
        if (!state.enabled) return [no(DISABLED, state)];
        return inside(state, span);
      });
    return { name, command, outcomes };
  }

  whoAmI(username, held) {
    return this.#withToken("GetUser", held, {}, (state) => {
      const check = (answer, next) =>
        compareMaps({ username: answer.Username }, { username }) ??
        compareAttributes(answer.UserAttributes, next) ??
        compareFactors(answer, next);
      return [ok(changed(state, nothing), check)];
    });
  }

  updateOwn(held, attributes) {
    const input = { UserAttributes: attributeList(attributes) };
    return this.#withToken("UpdateUserAttributes", held, input, (state) => [
      ok(changed(state, (after) => setAttributes(after, attributes))),
    ]);
  }

  changePassword(held, previous, proposed) {
    const input = { PreviousPassword: previous, ProposedPassword: proposed };
    return this.#withToken("ChangePassword", held, input, (state, span) =>
      lockedAt(state, span).flatMap((isLocked) => {
        if (isLocked) return [no(LIMIT, state)];
        if (previous !== state.password) {
          return failed(state, span).map((next) =>
            no(
              WRONG,
              changed(next, (after) => (after.guesses += 1)),
            ),
          );
        }
        return [
          ok(
            changed(state, (after) => {
              after.password = proposed;
              after.status = "CONFIRMED";
              after.temporaryUntil = null;
              forgive(after);
            }),
          ),
        ];
      }),
    );
  }

  signOut(held) {
    return this.#withToken(
      "GlobalSignOut",
      held,
      {},
      (state) => [ok(changed(state, endSignIns))],
      access("been revoked"),
    );
  }

  removeOwn(held) {
    return this.#withToken("DeleteUser", held, {}, () => [ok(NOBODY)]);
  }

  associate(held) {
    const gone = access("been revoked");
    const inside = (state) => {
      const next = changed(state, (after) => (after.token.waiting = "unknown"));
      return [
        ok(next, ({ SecretCode }, after) => {
          after.token.waiting = SecretCode;
          return /^[A-Z2-7]{52}$/.test(SecretCode) ? undefined : "no secret";
        }),
      ];
    };
    return this.#withToken("AssociateSoftwareToken", held, {}, inside, gone);
  }

  verifyToken(held, secret, step, UserCode) {
    const mismatch = ["EnableSoftwareTokenMFAException", "Code mismatch and fail enable Software Token MFA"];
    const inside = (state, span) =>
      (state.token.waiting === secret ? isCodeTaken(step, span) : [false]).map((isTaken) => {
        if (!isTaken) return no(mismatch, state);
        const next = changed(state, ({ token }) => Object.assign(token, { secret, waiting: null, step }));
        return ok(next, ({ Status }) => compareMaps({ Status }, { Status: "SUCCESS" }));
      });
    return this.#withToken("VerifySoftwareToken", held, { UserCode }, inside);
  }

  signUp(username, attributes, password) {
    const input = {
      ClientId: this.clients.plain,
      Username: username,
      Password: password,
      UserAttributes: attributeList(attributes),
    };
    const outcomes = (state, span) => {
      if (state.exists) return [no(["UsernameExistsException", "User already exists"], state)];
      const next = changed(created({ ...attributes, email_verified: "false" }, password, span), (after) => {
        after.status = "UNCONFIRMED";
        after.temporaryUntil = null;
        after.code = { kind: "SignUp", ends: [span[0] + 24 * HOUR, span[1] + 24 * HOUR] };
      });
      const check = (output, after) => {
        after.sub = output.UserSub;
        return output.UserConfirmed ? "confirmed without a code" : this.register("sub", output.UserSub, output);
      };
      return [ok(next, check)];
    };
    return { name: "SignUp", command: new sdk.SignUpCommand(input), outcomes };
  }

  confirmSignUp(username, ConfirmationCode, isRight) {
    const input = { ClientId: this.clients.plain, Username: username, ConfirmationCode };
    const outcomes = (state, span) => {
      if (!state.exists) return [no(NO_COMBINATION, state)];
      if (state.status !== "UNCONFIRMED") {
        const text = `User cannot be confirmed. Current status is ${state.status}`;
        return [no(["NotAuthorizedException", text], state)];
      }
      return answerCode(state, span, isRight, (after) => {
        after.status = "CONFIRMED";
        after.attributes.email_verified = "true";
      });
    };
    return { name: "ConfirmSignUp", command: new sdk.ConfirmSignUpCommand(input), outcomes };
  }

  forgotPassword(username) {
    const command = new sdk.ForgotPasswordCommand({ ClientId: this.clients.plain, Username: username });
    const outcomes = (state, [from, to]) => {
      if (!state.exists) return [no(NO_COMBINATION, state)];
      if (!state.enabled) return [no(DISABLED, state)];
      if (state.status === "FORCE_CHANGE_PASSWORD") {
        return [no(["NotAuthorizedException", "User password cannot be reset in the current state."], state)];
      }
      if (state.attributes.email_verified !== "true") {
        const text = "Cannot reset password for the user as there is no registered/verified email or phone_number";
        return [no(["InvalidParameterException", text], state)];
      }
      return [
        ok(
          changed(state, (after) => {
            after.code = { kind: "ForgotPassword", ends: [from + HOUR, to + HOUR] };
            after.codesAsked += 1;
          }),
        ),
      ];
    };
    return { name: "ForgotPassword", command, outcomes };
  }

  confirmForgotPassword(username, ConfirmationCode, Password, isRight) {
    const input = { ClientId: this.clients.plain, Username: username, ConfirmationCode, Password };
    const outcomes = (state, span) => {
      if (!state.exists) return [no(NO_COMBINATION, state)];
      if (!state.enabled) return [no(DISABLED, state)];
      return answerCode(state, span, isRight, (after) => {
        after.status = "CONFIRMED";
        after.password = Password;
        after.temporaryUntil = null;
        forgive(after);
      });
    };
    return { name: "ConfirmForgotPassword", command: new sdk.ConfirmForgotPasswordCommand(input), outcomes };
  }
}

/** Whether the code of a step (`null`: of none) may be taken: a step off either way, by the server's clock. */
function isCodeTaken(step, [from, to]) {
  if (step === null) return [false];
  const taken = [from - 2, to + 2].map((moment) => Math.abs(step - stepOf(moment)) <= 1);
  return [...new Set(taken)];
}

function setAttributes(after, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== "") {
      after.attributes[name] = value;
      continue;
    }
    delete after.attributes[name];
    if (name === "email") delete after.attributes.email_verified;
  }
}

function answerCode(state, span, isRight, change) {
  if (state.code === null) return [no(EXPIRED_CODE, state)];
  const [from, to] = state.code.ends;
  const outcomes = [];
  if (span[1] >= from - 2) outcomes.push(no(EXPIRED_CODE, state));
  if (span[0] <= to + 2) {
    if (isRight) {
      outcomes.push(
        ok(
          changed(state, (after) => {
            after.code = null;
            change(after);
          }),
        ),
      );
    } else {
      outcomes.push(
        no(
          WRONG_CODE,
          changed(state, (after) => (after.codesWrong += 1)),
        ),
      );
    }
  }
  return outcomes;
}

function challenge(state, name) {
  return ok(state, ({ ChallengeName, Session, AuthenticationResult }) => {
    if (AuthenticationResult !== undefined) return `tokens where ${name} was due`;
    return compareMaps({ name: ChallengeName, hasSession: Boolean(Session) }, { name, hasSession: true });
  });
}

function familyOf(state, held) {
  return state.exists && (state.sub === null || state.sub === held.sub)
    ? state.families.find(({ id }) => id === held.family)
    : undefined;
}

/** The id of a sign-in as AdminListUserSessions shows it. */
function sessionId(family) {
  return `tkn${BigInt(`0x${family.replaceAll("-", "")}`)
    .toString(36)
    .padStart(25, "0")}`;
}
