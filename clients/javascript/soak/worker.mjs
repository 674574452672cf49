// A worker that owns some user names: nobody else touches them, so every answer about them is known beforehand.

import { ListUsersCommand } from "@aws-sdk/client-cognito-identity-provider";

import { claimsOf } from "../tokens.mjs";
import { codeOf, stepOf, wrongCode } from "./totp.mjs";
import { sleep } from "./traffic.mjs";
import { compareListed } from "./user.mjs";
import { afterAnswer, afterLoss, MOST_WORLDS, Person } from "./worlds.mjs";

/** Tokens that are kept of a user, so that old ones are tried as well. */
const WALLET = 8;
/** Sign-ins of a user that stand; the pool evicts beyond twenty. */
const MOST_SIGN_INS = 12;
/** How long a pagination token is good, either way. */
const PAGE_MS = 3_600_000;
/** Codes and guesses of a user an hour, below the limits that are not the model's matter. */
const MOST_CODES = 6;

export class Worker {
  #serial = 0;

  /**
   * `outbox(username)` reads the newest message to a user, where the server has that control.
   * `settleMs` is how long a request whose answer was lost may still take effect.
   */
  constructor({ id, names, traffic, operations, groups, dice, report, outbox, settleMs = 0, clock }) {
    Object.assign(this, { id, traffic, operations, groups, dice, report, outbox, settleMs, clock });
    this.label = `w${id}`;
    this.people = Array.from({ length: names }, (_, n) => new Person(`${this.label}-${n}`));
  }

  /** Works until `isOver`. */
  async run(isOver) {
    while (!isOver()) {
      const person = this.dice.of(this.people);
      if (person.isLost) {
        if (this.people.every(({ isLost }) => isLost)) return;
        continue;
      }
      await this.#scene(person);
    }
  }

  /** Does one operation; answers its output, or nothing if it was refused or its answer was lost. */
  async do(person, operation) {
    if (person.isLost) return undefined;
    const outcome = await this.traffic.send(operation);
    person.span = outcome.span;
    person.note(`${operation.name} ${shown(operation.command.input)} -> ${shownOutcome(outcome)}`);
    if (outcome.kind === "busy") return undefined;
    const wasCertain = person.isCertain;
    if (outcome.kind === "lost") {
      this.traffic.counts.maybes += 1;
      person.worlds = afterLoss(person.worlds, operation, outcome.span);
      if (this.settleMs > 0) await sleep(this.settleMs);
      return undefined;
    }
    this.traffic.counts.checked += 1;
    const { worlds, reasons } = afterAnswer(person.worlds, operation, outcome);
    if (worlds.length === 0) {
      this.#differs(person, operation, outcome, reasons);
      return undefined;
    }
    person.worlds = worlds;
    if (!wasCertain && person.isCertain) this.traffic.counts.resolved += 1;
    return outcome.kind === "answer" ? outcome.output : undefined;
  }

  #differs(person, operation, outcome, reasons) {
    person.isLost = true;
    this.report({
      who: person.username,
      what: `${operation.name} answered ${shownOutcome(outcome)}; ${[...new Set(reasons)].join("; or ")}`,
      worlds: person.worlds,
      trace: person.trace,
    });
  }

  /** Reads a user in every way, until there is no doubt what they are. */
  async settle(person) {
    for (let round = 0; round < 10; round += 1) {
      await this.do(person, this.operations.read(person.username));
      await this.do(person, this.operations.groups(person.username));
      if (person.isCertain || person.isLost) return;
      // What reads do not show (passwords, locks, codes) is the same again once a password was set anew.
      await this.do(person, this.operations.setPassword(person.username, this.#password(), true));
      await this.do(person, this.operations.signOutEverywhere(person.username));
      if (person.worlds.length > MOST_WORLDS) await this.do(person, this.operations.remove(person.username));
      if (person.isCertain || person.isLost) return;
    }
  }

  async #scene(person) {
    if (person.worlds.length > MOST_WORLDS) await this.settle(person);
    const { state, username } = person;
    const { dice, operations } = this;
    if (!state.exists) {
      if (dice.chance(0.15)) await this.do(person, operations.read(username));
      if (dice.chance(0.1)) await this.#sign(person, true);
      if (person.wallet.length > 0 && dice.chance(0.5)) await this.#useToken(person);
      if (this.outbox !== undefined && dice.chance(0.3)) return this.#signUp(person);
      return this.do(person, operations.create(username, this.#attributes(person), this.#password()));
    }
    const scene = dice.weighted([
      [14, () => this.do(person, operations.read(username))],
      [6, () => this.#readByAlias(person)],
      [3, () => this.do(person, operations.factors(username))],
      [12, () => this.do(person, operations.update(username, this.#someAttributes(person)))],
      [
        4,
        () =>
          this.do(
            person,
            operations.removeAttributes(username, [dice.of(["nickname", "custom:level", "name", "email"])]),
          ),
      ],
      [3, () => this.do(person, operations.setPassword(username, this.#password(), dice.chance(0.8)))],
      [2, () => this.do(person, operations.disable(username))],
      [state.enabled ? 1 : 12, () => this.do(person, operations.enable(username))],
      [5, () => this.do(person, operations.addToGroup(username, dice.of(this.groups)))],
      [3, () => this.do(person, operations.removeFromGroup(username, dice.of(this.groups)))],
      [4, () => this.do(person, operations.groups(username))],
      [3, () => this.do(person, operations.sessions(username))],
      [10, () => this.#sign(person, true)],
      [4, () => this.#sign(person, false)],
      [16, () => this.#useToken(person)],
      [2, () => this.do(person, operations.signOutEverywhere(username))],
      [2, () => this.#enrol(person)],
      [2, () => this.do(person, operations.setPreference(username, dice.chance(0.5)))],
      [this.outbox === undefined ? 0 : 2, () => this.#forgot(person)],
      [2, () => this.do(person, operations.create(username, this.#attributes(person), this.#password()))],
      [2, () => this.do(person, operations.remove(username))],
      [3, () => this.listOwn()],
      [0.5, () => this.#guess(person)],
    ]);
    return scene();
  }

  #password() {
    return `Pass-${this.label}-${(this.#serial += 1)}!`;
  }

  #address(person) {
    return `${person.username}-${(this.#serial += 1)}@example.com`;
  }

  #attributes(person) {
    const { dice } = this;
    const attributes = { family_name: this.label };
    if (dice.chance(0.8)) Object.assign(attributes, { email: this.#address(person), email_verified: "true" });
    if (dice.chance(0.5)) attributes.name = `Name ${this.#serial}`;
    if (dice.chance(0.3)) attributes["custom:level"] = String(dice.below(1_000));
    return attributes;
  }

  #someAttributes(person) {
    const { dice } = this;
    this.#serial += 1;
    return dice.weighted([
      [3, { nickname: `nick ${this.#serial}` }],
      [2, { name: `Ñame ${this.#serial} "quoted" 漢字`, "custom:level": String(dice.below(1_000)) }],
      [3, { email: this.#address(person), email_verified: "true" }],
      [1, { nickname: "" }],
      [1, { email: "" }],
    ]);
  }

  async #readByAlias(person) {
    const { email } = person.state.attributes;
    const address = email !== undefined && this.dice.chance(0.6) ? email : person.formerAddress;
    if (email !== undefined) person.formerAddress = email;
    // An address that is not verified is no alias.
    const isVerified = person.worlds.every(({ attributes }) => attributes?.email_verified !== "false");
    if (address !== undefined && isVerified)
      await this.do(person, this.operations.readByAlias(person.username, address));
  }

  /** A sign-in, and what it asks for. */
  async #sign(person, isRight) {
    const { dice, operations } = this;
    const { state, username } = person;
    if (
      state.exists &&
      state.families.filter(({ revoked }) => !revoked).length + state.unknownFamilies >= MOST_SIGN_INS
    ) {
      await this.do(person, operations.signOutEverywhere(username));
    }
    if (state.exists && state.status === "UNCONFIRMED") return;
    const client = dice.chance(0.5) ? "rotating" : "plain";
    const password = isRight && state.exists ? state.password : `Wrong-${this.label}-1!`;
    const isAdmin = client === "rotating" || dice.chance(0.5);
    const begun = await this.do(person, operations.signIn(username, password, { client, isAdmin }));
    if (begun?.AuthenticationResult) this.#keep(person, begun.AuthenticationResult, client);
    else if (begun?.ChallengeName === "NEW_PASSWORD_REQUIRED")
      await this.#choosePassword(person, asked(person, begun), client);
    else if (begun?.ChallengeName === "SOFTWARE_TOKEN_MFA") await this.#showCode(person, asked(person, begun), client);
  }

  async #choosePassword(person, session, client) {
    const { operations } = this;
    const done = await this.do(
      person,
      operations.answerNewPassword(person.username, session, this.#password(), { client }),
    );
    if (done?.AuthenticationResult) {
      this.#keep(person, done.AuthenticationResult, client);
      if (this.dice.chance(0.3)) {
        const again = operations.answerNewPassword(person.username, session, this.#password(), {
          client,
          isReplay: true,
        });
        await this.do(person, again);
      }
    } else if (done?.ChallengeName === "SOFTWARE_TOKEN_MFA") await this.#showCode(person, asked(person, done), client);
  }

  async #showCode(person, session, client) {
    const { operations } = this;
    if (!person.isCertain) return;
    const { secret, step: last } = person.state.token;
    const now = stepOf(this.clock());
    if (this.dice.chance(0.2)) {
      await this.do(person, operations.answerToken(person.username, session, wrongCode(secret, now), null, { client }));
      return;
    }
    const step = Math.max(now, last + 1);
    if (step > now + 1) return;
    const answer = operations.answerToken(person.username, session, codeOf(secret, step), step, { client });
    const done = await this.do(person, answer);
    if (done?.AuthenticationResult) this.#keep(person, done.AuthenticationResult, client);
  }

  #keep(person, result, client, generation = 0) {
    const claims = claimsOf(result.AccessToken);
    const family = person.state.families?.find(({ id }) => id === claims.origin_jti);
    person.wallet.push({
      sub: claims.sub,
      family: claims.origin_jti,
      client,
      access: result.AccessToken,
      accessEnds: claims.exp * 1_000,
      refresh: result.RefreshToken,
      generation,
      refreshEnds: family?.expires ?? 0,
    });
    while (person.wallet.length > WALLET) person.wallet.splice(this.dice.below(WALLET / 2), 1);
    this.#forgetFamilies(person);
  }

  /** Families that ended and of which no token is kept are never asked about again. */
  #forgetFamilies(person) {
    if (!person.isCertain || !person.state.exists) return;
    const kept = new Set(person.wallet.map(({ family }) => family));
    person.state.families = person.state.families.filter(({ id, revoked }) => !revoked || kept.has(id));
  }

  async #useToken(person) {
    const { dice, operations } = this;
    if (person.wallet.length === 0) return;
    const held = dice.of(person.wallet);
    const { state } = person;
    const scene = dice.weighted([
      [10, () => this.do(person, operations.whoAmI(person.username, held))],
      [8, () => this.#refresh(person, held)],
      [3, () => this.do(person, operations.updateOwn(held, { nickname: `own ${(this.#serial += 1)}` }))],
      [1, () => this.do(person, operations.revoke(held))],
      [1, () => this.do(person, operations.signOut(held))],
      [0.5, () => this.do(person, operations.removeOwn(held))],
      [state.exists ? 1 : 0, () => this.do(person, operations.changePassword(held, state.password, this.#password()))],
      [
        state.exists && person.worlds.every(({ guesses }) => guesses < MOST_CODES) ? 0.5 : 0,
        () => this.do(person, operations.changePassword(held, "Wrong-one-1!", this.#password())),
      ],
    ]);
    return scene();
  }

  async #refresh(person, held) {
    if (held.refresh === undefined) return;
    const done = await this.do(person, this.operations.refresh(person.username, held));
    if (done === undefined) return;
    const { AccessToken, RefreshToken = held.refresh } = done.AuthenticationResult;
    const generation = held.client === "rotating" ? held.generation + 1 : 0;
    this.#keep(person, { AccessToken, RefreshToken }, held.client, generation);
  }

  async #enrol(person) {
    const { operations } = this;
    const held = person.wallet.at(-1);
    if (held === undefined) return;
    const begun = await this.do(person, operations.associate(held));
    if (begun === undefined || !person.isCertain) return;
    const step = stepOf(this.clock());
    const verify = operations.verifyToken(held, begun.SecretCode, step, codeOf(begun.SecretCode, step));
    await this.do(person, verify);
  }

  async #guess(person) {
    for (let n = 0; n < 6; n += 1) await this.#sign(person, false);
    await this.#sign(person, true);
  }

  async #forgot(person) {
    const { operations } = this;
    const { state, username } = person;
    if (!person.isCertain || state.codesAsked >= MOST_CODES || state.codesWrong >= MOST_CODES) return;
    if (state.status === "UNCONFIRMED") return;
    // What was sent before is no answer to this request, in whatever order a moved clock has put them.
    await this.outbox(username, person.messages);
    if ((await this.do(person, operations.forgotPassword(username))) === undefined) return;
    const code = await this.outbox(username, person.messages);
    if (code === undefined) return;
    await this.#answerCode(person, code, (given, isRight) =>
      operations.confirmForgotPassword(username, given, this.#password(), isRight),
    );
  }

  async #signUp(person) {
    const { operations } = this;
    const { username } = person;
    const attributes = { family_name: this.label, email: this.#address(person) };
    await this.outbox(username, person.messages);
    const begun = await this.do(person, operations.signUp(username, attributes, this.#password()));
    if (begun === undefined) return this.#finishSignUp(person);
    const code = await this.outbox(username, person.messages);
    if (code !== undefined) {
      await this.#answerCode(person, code, (given, isRight) => operations.confirmSignUp(username, given, isRight));
    }
    return this.#finishSignUp(person);
  }

  /** Half of what waits for a code is removed, so that the other operations meet confirmed users only. */
  async #finishSignUp(person) {
    if (person.worlds.some(({ status }) => status === "UNCONFIRMED")) {
      await this.do(person, this.operations.remove(person.username));
      await this.settleExistence(person);
    }
  }

  async settleExistence(person) {
    for (let n = 0; n < 20 && !person.isLost && !person.isCertain; n += 1) {
      await this.do(person, this.operations.read(person.username));
      if (person.worlds.some(({ status }) => status === "UNCONFIRMED")) {
        await this.do(person, this.operations.remove(person.username));
      }
    }
  }

  /** A wrong code, the right one, and the right one again. */
  async #answerCode(person, code, operation) {
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, "0");
    if (this.dice.chance(0.4)) await this.do(person, operation(wrong, false));
    if (!person.isCertain) return;
    await this.do(person, operation(code, true));
    if (person.isCertain && this.dice.chance(0.5)) await this.do(person, operation(code, true));
  }

  /** ListUsers finds this worker's users, all of them as they are, and nobody else. */
  async listOwn() {
    const found = new Map();
    let PaginationToken;
    let given;
    do {
      const command = new ListUsersCommand({
        UserPoolId: this.operations.pool,
        Filter: `family_name = "${this.label}"`,
        Limit: this.dice.of([1, 2, 60]),
        PaginationToken,
      });
      const outcome = await this.traffic.send({ name: "ListUsers", command });
      const ages = isTooFar(PaginationToken === undefined ? outcome.span : given, outcome.span);
      if (!ages.includes(false) && outcome.kind === "answer") this.#listDiffers("an old pagination token is good");
      if (outcome.kind !== "answer") {
        // The clock may have jumped since the page before.
        if (ages.includes(true) && outcome.message === "Invalid pagination token given.") return;
        if (outcome.kind === "refusal") this.#listDiffers(`ListUsers was refused: ${outcome.name} ${outcome.message}`);
        return;
      }
      for (const user of outcome.output.Users) {
        if (found.has(user.Username)) this.#listDiffers(`${user.Username} is listed twice`);
        found.set(user.Username, user);
      }
      ({ PaginationToken } = outcome.output);
      given = outcome.span;
    } while (PaginationToken !== undefined);
    this.traffic.counts.checked += 1;
    for (const person of this.people) {
      if (person.isLost) continue;
      this.compareFound(person, found.get(person.username), "family_name");
      found.delete(person.username);
    }
    const strangers = [...found.keys()].filter((name) => !this.people.some(({ username }) => username === name));
    if (strangers.length > 0) this.#listDiffers(`the filter finds ${strangers}`);
  }

  /** Takes what a list shows of a user (nothing if they are not there) as an answer about them. */
  compareFound(person, user, list) {
    person.note(`${list} shows ${user === undefined ? "nobody" : shown(user)}`);
    const reasons = [];
    const wasCertain = person.isCertain;
    const fitting = person.worlds.filter((state) => {
      const isThere = state.exists && (list !== "family_name" || state.attributes.family_name === this.label);
      if (!isThere || user === undefined) {
        if (isThere !== (user !== undefined))
          reasons.push(isThere ? "expected to be listed" : "expected not to be listed");
        return isThere === (user !== undefined);
      }
      const reason = compareListed(user, person.username, state);
      if (reason !== undefined) reasons.push(reason);
      return reason === undefined;
    });
    if (fitting.length === 0) {
      person.isLost = true;
      const what = `${list} shows ${user === undefined ? "nobody" : shown(user)}; ${reasons.join("; or ")}`;
      this.report({ who: person.username, what, worlds: person.worlds, trace: person.trace });
      return;
    }
    person.worlds = fitting;
    if (!wasCertain && person.isCertain) this.traffic.counts.resolved += 1;
  }

  #listDiffers(what) {
    this.report({ who: this.label, what, worlds: [], trace: this.people.flatMap(({ trace }) => trace).slice(-20) });
  }
}

/** Whether a page's token is too old, or too much of the future: one or both of true and false. */
function isTooFar([from, to], span) {
  const [youngest, oldest] = [span[0] - to, span[1] - from];
  const answers = new Set();
  if (oldest > PAGE_MS - 1_100 || youngest < 1_100 - PAGE_MS) answers.add(true);
  if (youngest < PAGE_MS + 1_100 && oldest > -PAGE_MS - 1_100) answers.add(false);
  return [...answers];
}

/** A challenge with the moment at which it was asked. */
function asked({ span }, { Session }) {
  return { Session, span };
}

function shown(value) {
  const text = JSON.stringify(value, (key, inner) =>
    typeof inner === "string" && inner.length > 60 ? `${inner.slice(0, 12)}…${inner.slice(-8)}` : inner,
  );
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}

function shownOutcome({ kind, output, name, message }) {
  if (kind === "answer") return `200 ${shown(output)}`;
  return kind === "refusal" ? `${name}: ${message}` : kind;
}
