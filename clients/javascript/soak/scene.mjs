// A pool with everything that the workers use, the workers, and the sweep that compares everything at the end.

import * as sdk from "@aws-sdk/client-cognito-identity-provider";

import { Dice } from "./dice.mjs";
import { ACCESS_SECONDS, Operations, REFRESH_SECONDS } from "./operations.mjs";
import { Races, Register } from "./shared.mjs";
import { Tokens } from "./tokens.mjs";
import { sleep } from "./traffic.mjs";
import { compareSets } from "./user.mjs";
import { Worker } from "./worker.mjs";

const GROUPS = ["g0", "g1", "g2", "g3", "g4", "g5"];
const LIFETIMES = {
  AccessTokenValidity: ACCESS_SECONDS,
  IdTokenValidity: ACCESS_SECONDS,
  RefreshTokenValidity: REFRESH_SECONDS,
  TokenValidityUnits: { AccessToken: "seconds", IdToken: "seconds", RefreshToken: "seconds" },
};

export class Scene {
  differences = [];
  #ids = new Set();
  #answer = { of: undefined, ids: new Set() };

  constructor({ traffic, seed, workers, names, registers = 2, outbox, settleMs = 0 }) {
    Object.assign(this, { traffic, seed, sizes: { workers, names, registers }, outbox, settleMs });
    this.report = (difference) => this.differences.push(difference);
    // Ids are unique whatever the clock does. One answer is looked at once for each state that the user may be in.
    this.register = (kind, id, answer) => {
      const key = `${kind} ${id}`;
      if (answer === undefined || answer !== this.#answer.of) this.#answer = { of: answer, ids: new Set() };
      if (this.#answer.ids.has(key)) return undefined;
      if (this.#ids.has(key)) return `the ${kind} ${id} was given out before`;
      this.#ids.add(key);
      this.#answer.ids.add(key);
      return undefined;
    };
  }

  /** Makes pool, clients and groups through `client`; every node of `clients` has signed in once afterwards. */
  async prepare(client, endpoint) {
    const send = (name, input) => client.send(new sdk[`${name}Command`](input));
    const { UserPool } = await send("CreateUserPool", {
      PoolName: "soak",
      AliasAttributes: ["email"],
      ...(this.outbox === undefined ? {} : { AutoVerifiedAttributes: ["email"] }),
      Schema: [{ Name: "level", AttributeDataType: "String", Mutable: true }],
    });
    const UserPoolId = UserPool.Id;
    this.pool = UserPoolId;
    await send("SetUserPoolMfaConfig", {
      UserPoolId,
      MfaConfiguration: "OPTIONAL",
      SoftwareTokenMfaConfiguration: { Enabled: true },
    });
    const sessions = { UserSessionTracking: "ENABLED", TokenSession: { MaxPerUser: 20 } };
    await send("SetUserPoolSessionConfiguration", { UserPoolId, ...sessions });
    const flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH"];
    const makeClient = async (ClientName, config) => {
      const common = { UserPoolId, ClientName, PreventUserExistenceErrors: "LEGACY", ...LIFETIMES };
      return (await send("CreateUserPoolClient", { ...common, ...config })).UserPoolClient.ClientId;
    };
    this.clients = {
      plain: await makeClient("plain", { ExplicitAuthFlows: [...flows, "ALLOW_REFRESH_TOKEN_AUTH"] }),
      rotating: await makeClient("rotating", {
        ExplicitAuthFlows: flows,
        RefreshTokenRotation: { Feature: "ENABLED", RetryGracePeriodSeconds: 0 },
      }),
    };
    for (const GroupName of GROUPS) await send("CreateGroup", { UserPoolId, GroupName });
    const tokens = new Tokens({ pool: UserPoolId, register: this.register });
    tokens.learn(await (await fetch(`${endpoint}/${UserPoolId}/.well-known/jwks.json`)).json());
    this.#people(tokens);
    for (const register of this.registers) await register.create();
  }

  #people(tokens) {
    const { traffic, seed, pool, clients, report, register, outbox, settleMs } = this;
    const operations = new Operations({ pool, clients, tokens, register });
    const clock = () => traffic.clock();
    this.workers = Array.from({ length: this.sizes.workers }, (_, id) => {
      const dice = new Dice(seed, id);
      return new Worker({
        id,
        names: this.sizes.names,
        traffic,
        operations,
        groups: GROUPS,
        dice,
        report,
        outbox,
        settleMs,
        clock,
      });
    });
    this.registers = Array.from({ length: this.sizes.registers }, (_, n) => {
      const dice = new Dice(seed, 1_000 + n);
      return new Register({ username: `shared-${n}`, traffic, pool, dice, report });
    });
    const dice = new Dice(seed, 2_000);
    this.races = new Races({ traffic, pool, clients, dice, report, register, outbox, settleMs });
  }

  /** Everybody works until `isOver`. */
  async run(isOver) {
    const shared = this.registers.flatMap((register) => [1, 2, 3].map(() => register.run(isOver)));
    await Promise.all([...this.workers.map((worker) => worker.run(isOver)), ...shared, this.races.run(isOver)]);
  }

  /** Reads everybody back, and compares lists, groups and the counter. Nothing else may be under way. */
  async sweep() {
    await sleep(this.settleMs);
    await Promise.all(
      this.workers.map(async (worker) => {
        for (const person of worker.people) await worker.settle(person);
        for (const person of worker.people) await this.#readBack(worker, person);
        await worker.listOwn();
      }),
    );
    const listed = await this.#pages("ListUsers", {}, "Users", "PaginationToken");
    this.#compareWithList(listed);
    for (const GroupName of GROUPS) await this.#compareGroup(GroupName);
    await this.#compareCounter(listed.length);
  }

  /** Checks what only the whole history tells. */
  finish() {
    for (const register of this.registers) register.check();
    for (const register of this.registers) [register.reads, register.writes] = [[], register.writes.slice(-500)];
  }

  async #readBack(worker, person) {
    const { operations } = worker;
    const { username, state } = person;
    await worker.do(person, operations.read(username));
    await worker.do(person, operations.groups(username));
    await worker.do(person, operations.factors(username));
    await worker.do(person, operations.sessions(username));
    if (state.exists && state.attributes.email_verified === "true") {
      await worker.do(person, operations.readByAlias(username, state.attributes.email));
    }
    for (const held of person.wallet) await worker.do(person, operations.whoAmI(username, held));
  }

  #compareWithList(listed) {
    const found = new Map(listed.map((user) => [user.Username, user]));
    if (found.size !== listed.length) this.#differs("ListUsers shows a user twice");
    for (const worker of this.workers) {
      for (const person of worker.people) {
        if (!person.isLost) worker.compareFound(person, found.get(person.username), "ListUsers");
        this.traffic.counts.checked += 1;
        found.delete(person.username);
      }
    }
    for (const { username } of this.registers) {
      if (!found.delete(username)) this.#differs(`ListUsers does not show ${username}`);
    }
    if (found.size > 0) this.#differs(`ListUsers shows ${[...found.keys()]}, whom nobody left there`);
  }

  async #compareGroup(GroupName) {
    const members = await this.#pages("ListUsersInGroup", { GroupName }, "Users", "NextToken");
    const people = this.workers.flatMap((worker) => worker.people).filter(({ isLost }) => !isLost);
    const lost = new Set(
      this.workers
        .flatMap((worker) => worker.people)
        .filter(({ isLost }) => isLost)
        .map((p) => p.username),
    );
    const expected = people.filter(({ state }) => state.exists && state.groups.includes(GroupName));
    const names = members.map(({ Username }) => Username).filter((name) => !lost.has(name));
    const reason = compareSets(
      `members of ${GroupName}`,
      names,
      expected.map(({ username }) => username),
    );
    this.traffic.counts.checked += 1;
    if (reason !== undefined) this.#differs(reason);
  }

  async #compareCounter(listed) {
    const command = new sdk.DescribeUserPoolCommand({ UserPoolId: this.pool });
    const { output } = await this.#certainly({ name: "DescribeUserPool", command });
    const counted = output.UserPool.EstimatedNumberOfUsers;
    if (counted !== listed) this.#differs(`the pool counts ${counted} users and lists ${listed}`);
  }

  async #pages(name, input, member, token) {
    const all = [];
    let next;
    do {
      const page = { UserPoolId: this.pool, Limit: 60, ...input, [token]: next };
      const { output } = await this.#certainly({ name, command: new sdk[`${name}Command`](page) });
      all.push(...output[member]);
      next = output[token];
    } while (next !== undefined);
    return all;
  }

  /** A read that has to be answered: what is lost is asked again. */
  async #certainly(operation) {
    for (let n = 0; n < 100; n += 1) {
      const outcome = await this.traffic.send(operation);
      if (outcome.kind === "answer") return outcome;
      if (outcome.kind === "refusal") throw new Error(`${operation.name}: ${outcome.name}: ${outcome.message}`);
      await sleep(100);
    }
    throw new Error(`${operation.name} is not answered`);
  }

  #differs(what) {
    this.report({ who: "sweep", what, worlds: [], trace: [] });
  }
}
