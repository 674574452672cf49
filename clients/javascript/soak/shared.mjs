// Users that several workers write at once. Their answers cannot be foretold; what holds in every order is checked.

import * as sdk from "@aws-sdk/client-cognito-identity-provider";

import { claimsOf } from "../tokens.mjs";
import { attributeList } from "../fixtures.mjs";
import { sleep } from "./traffic.mjs";

const AT_ONCE = 4;
/** What is said of the access token of a sign-in that ended; the clock may have jumped meanwhile. */
const ENDED = new Set(["Access Token has been revoked", "Access Token has expired"]);

/** An attribute of one user as a register: a read sees the last write that ended before it, or one beside it. */
export class Register {
  #serial = 0;
  writes = [{ value: "0", from: -Infinity, to: -Infinity }];
  reads = [];

  constructor({ username, traffic, pool, dice, report }) {
    Object.assign(this, { username, traffic, pool, dice, report });
  }

  create() {
    return this.#send("AdminCreateUser", {
      MessageAction: "SUPPRESS",
      UserAttributes: attributeList({ nickname: "0" }),
    });
  }

  async run(isOver) {
    while (!isOver()) {
      if (this.dice.chance(0.4)) await this.#write();
      else await this.#read();
    }
  }

  async #write() {
    const write = { value: `${(this.#serial += 1)}`, from: performance.now(), to: Infinity };
    const outcome = await this.#send("AdminUpdateUserAttributes", {
      UserAttributes: attributeList({ nickname: write.value }),
    });
    if (outcome.kind === "answer") write.to = performance.now();
    if (outcome.kind === "lost") this.traffic.counts.maybes += 1;
    if (outcome.kind === "answer" || outcome.kind === "lost") this.writes.push(write);
    else if (outcome.kind === "refusal") this.#differs(`a write was refused: ${outcome.name} ${outcome.message}`);
  }

  async #read() {
    const from = performance.now();
    const outcome = await this.#send("AdminGetUser", {});
    if (outcome.kind === "refusal") this.#differs(`a read was refused: ${outcome.name} ${outcome.message}`);
    if (outcome.kind !== "answer") return;
    const value = outcome.output.UserAttributes.find(({ Name }) => Name === "nickname")?.Value;
    this.reads.push({ value, from, to: performance.now() });
  }

  /** Looks at the whole history. */
  check() {
    const byValue = new Map(this.writes.map((write) => [write.value, write]));
    const ended = this.writes.filter(({ to }) => to < Infinity).sort((a, b) => a.to - b.to);
    const seen = [];
    for (const read of [...this.reads].sort((a, b) => a.from - b.from)) {
      this.traffic.counts.checked += 1;
      const write = byValue.get(read.value);
      if (write === undefined || write.from > read.to) {
        this.#differs(`a read saw ${read.value}, which nobody had written`);
        continue;
      }
      const over = ended.find((other) => other.to < read.from && other.from > write.to);
      if (over !== undefined) this.#differs(`a read saw ${read.value} after ${over.value} was written over it`);
      const later = seen.find((other) => other.to < read.from && other.write.from > write.to);
      if (later !== undefined) this.#differs(`a read saw ${read.value} after another saw ${later.write.value}`);
      seen.push({ to: read.to, write });
      if (seen.length > 64) seen.shift();
    }
  }

  async #send(name, input) {
    const command = new sdk[`${name}Command`]({ UserPoolId: this.pool, Username: this.username, ...input });
    return this.traffic.send({ name, command });
  }

  #differs(what) {
    this.report({ who: this.username, what, worlds: [], trace: [] });
  }
}

/** What several do at once and only one may succeed in. */
export class Races {
  #serial = 0;

  constructor({ traffic, pool, clients, dice, report, register, outbox, settleMs }) {
    Object.assign(this, { traffic, pool, clients, dice, report, register, outbox, settleMs });
  }

  async run(isOver) {
    while (!isOver()) {
      const username = `race-${(this.#serial += 1)}`;
      const isThere = await this.#create(username);
      if (isThere)
        await this.dice.of([() => this.#rotate(username), () => this.#guess(username), () => this.#code(username)])();
      await this.#remove(username);
      await sleep(50);
    }
  }

  async #create(username) {
    const address = attributeList({ email: `${username}@example.com`, email_verified: "true" });
    const input = { Username: username, MessageAction: "SUPPRESS", UserAttributes: address };
    const outcomes = await this.#atOnce("AdminCreateUser", () => ({ UserPoolId: this.pool, ...input }));
    this.#oneOf(username, "AdminCreateUser", outcomes, ["UsernameExistsException"]);
    for (const { kind, output } of outcomes) {
      if (kind === "answer") this.register("sub", output.User.Attributes.find(({ Name }) => Name === "sub").Value);
    }
    if (outcomes.some(({ kind }) => kind === "lost")) return false;
    const set = await this.#send("AdminSetUserPassword", {
      UserPoolId: this.pool,
      Username: username,
      Password: "Race-race-1!",
      Permanent: true,
    });
    return set.kind === "answer";
  }

  /** One refresh token, exchanged by several at once. */
  async #rotate(username) {
    const begun = await this.#send("AdminInitiateAuth", {
      UserPoolId: this.pool,
      ClientId: this.clients.rotating,
      AuthFlow: "ADMIN_USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: username, PASSWORD: "Race-race-1!" },
    });
    if (begun.kind !== "answer") return;
    const { AccessToken, RefreshToken } = begun.output.AuthenticationResult;
    this.register("sign-in", claimsOf(AccessToken).origin_jti);
    const exchange = () => ({ ClientId: this.clients.rotating, RefreshToken });
    const outcomes = await this.#atOnce("GetTokensFromRefreshToken", exchange);
    const isClear = this.#oneOf(username, "GetTokensFromRefreshToken", outcomes, ["RefreshTokenReuseException"]);
    if (!isClear) return;
    const who = await this.#send("GetUser", { AccessToken });
    if (who.kind === "answer" || (who.kind === "refusal" && !ENDED.has(who.message))) {
      this.#differs(username, `a reused refresh token did not end its sign-in: GetUser ${who.name ?? "answered"}`);
    }
  }

  /** Wrong passwords at once: no more are heard than the lockout allows in that time. */
  async #guess(username) {
    const began = performance.now();
    const outcomes = await this.#atOnce(
      "InitiateAuth",
      () => ({
        ClientId: this.clients.plain,
        AuthFlow: "USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: username, PASSWORD: "Wrong-one-1!" },
      }),
      12,
    );
    const seconds = (performance.now() - began) / 1_000;
    const heard = outcomes.filter(({ message }) => message === "Incorrect username or password.").length;
    if (heard > 5 + Math.floor(Math.log2(seconds + 1))) {
      this.#differs(username, `${heard} wrong passwords were heard in ${seconds} seconds`);
    }
    for (const { kind, name } of outcomes) {
      if (kind === "answer" || (kind === "refusal" && name !== "NotAuthorizedException")) {
        this.#differs(username, `a wrong password: ${name ?? "answered"}`);
      }
    }
  }

  /** A code, used by several at once. */
  async #code(username) {
    if (this.outbox === undefined) return;
    const asked = await this.#send("ForgotPassword", { ClientId: this.clients.plain, Username: username });
    const ConfirmationCode = asked.kind === "answer" ? await this.outbox(username) : undefined;
    if (ConfirmationCode === undefined) return;
    const outcomes = await this.#atOnce("ConfirmForgotPassword", (n) => ({
      ClientId: this.clients.plain,
      Username: username,
      ConfirmationCode,
      Password: `Race-race-${n}!`,
    }));
    this.#oneOf(username, "ConfirmForgotPassword", outcomes, ["ExpiredCodeException"]);
  }

  async #remove(username) {
    const outcomes = await this.#atOnce("AdminDeleteUser", () => ({ UserPoolId: this.pool, Username: username }));
    this.#oneOf(username, "AdminDeleteUser", outcomes, ["UserNotFoundException"], 0);
    for (;;) {
      const again = await this.#send("AdminDeleteUser", { UserPoolId: this.pool, Username: username });
      if (again.kind === "refusal") return;
      await sleep(this.settleMs + 20);
    }
  }

  /** Says whether exactly one succeeded and nothing was lost; reports where that cannot be right. */
  #oneOf(username, name, outcomes, refusals, least = 1) {
    this.traffic.counts.checked += outcomes.length;
    const count = (kind) => outcomes.filter((outcome) => outcome.kind === kind).length;
    for (const { kind, name: refusal, message, isModelled } of outcomes) {
      if (kind === "refusal" && !(refusals.includes(refusal) && isModelled)) {
        this.#differs(username, `${name} at once: ${refusal}: ${message}`);
      }
    }
    const isClear = count("lost") === 0 && count("busy") === 0;
    if (count("answer") > 1 || (isClear && count("answer") < least)) {
      this.#differs(username, `${name}: ${count("answer")} of ${outcomes.length} at once succeeded`);
    }
    return isClear && count("answer") === 1;
  }

  #atOnce(name, input, times = AT_ONCE) {
    return Promise.all(Array.from({ length: times }, (_, n) => this.#send(name, input(n))));
  }

  #send(name, input) {
    return this.traffic.send({ name, command: new sdk[`${name}Command`](input) });
  }

  #differs(who, what) {
    this.report({ who, what, worlds: [], trace: [] });
  }
}
