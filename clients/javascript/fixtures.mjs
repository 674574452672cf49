// Pools, app clients and users to test with, in words that read like sentences.

import { createHmac } from "node:crypto";

import {
  AdminCreateUserCommand,
  AdminGetUserCommand,
  AdminInitiateAuthCommand,
  AdminRespondToAuthChallengeCommand,
  AdminSetUserPasswordCommand,
  CreateGroupCommand,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
  GetUserCommand,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
} from "@aws-sdk/client-cognito-identity-provider";

export const TEMPORARY = "Temporary1!";
export const PASSWORD = "Permanent1!";
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const ALL_PASSWORD_FLOWS = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];

/** `{ email: "a@b.c" }` as the API's list. */
export function attributeList(attributes) {
  return Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
}

/** An address that counts. */
export function verified(email) {
  return { email, email_verified: "true" };
}

/** The API's list as `{ email: "a@b.c" }`. */
export function attributeMap(list = []) {
  return Object.fromEntries(list.map(({ Name, Value }) => [Name, Value]));
}

/** A new pool; `config` is any part of CreateUserPool's input. */
export async function createPool(server, config = {}) {
  const { UserPool } = await server.send(new CreateUserPoolCommand({ PoolName: "people", ...config }));
  return new Pool(server, UserPool.Id, UserPool);
}

export class Pool {
  constructor(server, id, described) {
    Object.assign(this, { server, id, described });
  }

  /** Sends a command to this pool. */
  send(Command, input = {}) {
    return this.server.send(new Command({ UserPoolId: this.id, ...input }));
  }

  /** A new app client that may use every password flow unless told otherwise. */
  async client(config = {}) {
    const { UserPoolClient } = await this.send(CreateUserPoolClientCommand, {
      ClientName: "application",
      ExplicitAuthFlows: ALL_PASSWORD_FLOWS,
      ...config,
    });
    return new AppClient(this, UserPoolClient.ClientId, UserPoolClient.ClientSecret);
  }

  /** A new group. */
  async group(GroupName, config = {}) {
    return (await this.send(CreateGroupCommand, { GroupName, ...config })).Group;
  }

  /** A new user, told nothing; CONFIRMED if a `password` is given, else FORCE_CHANGE_PASSWORD. */
  async user(username, { attributes = {}, password, temporaryPassword = TEMPORARY, ...rest } = {}) {
    const { User: created } = await this.send(AdminCreateUserCommand, {
      Username: username,
      UserAttributes: attributeList(attributes),
      TemporaryPassword: temporaryPassword,
      MessageAction: "SUPPRESS",
      ...rest,
    });
    const user = new User(this, created.Username, created);
    if (password !== undefined) {
      await user.send(AdminSetUserPasswordCommand, { Password: password, Permanent: true });
    }
    return user;
  }

  /** A name that is taken for a user who exists already. */
  existingUser(username) {
    return new User(this, username);
  }

  /** The messages to a user, newest first. */
  outbox(username) {
    return this.server.outbox(this.id, username);
  }
}

export class User {
  constructor(pool, username, created) {
    Object.assign(this, { pool, username, created });
  }

  get sub() {
    return attributeMap(this.created.Attributes).sub;
  }

  /** Sends a command about this user. */
  send(Command, input = {}) {
    return this.pool.send(Command, { Username: this.username, ...input });
  }

  /** What AdminGetUser answers. */
  read() {
    return this.send(AdminGetUserCommand);
  }

  async status() {
    return (await this.read()).UserStatus;
  }

  async attributes() {
    return attributeMap((await this.read()).UserAttributes);
  }

  outbox() {
    return this.pool.outbox(this.username);
  }
}

export class AppClient {
  constructor(pool, id, secret) {
    Object.assign(this, { pool, id, secret });
  }

  secretHash(username, secret = this.secret) {
    return createHmac("sha256", secret).update(`${username}${this.id}`).digest("base64");
  }

  /** AdminInitiateAuth; the secret hash is added for a client with a secret. */
  adminAuth(AuthFlow, AuthParameters, input = {}) {
    return this.pool.send(AdminInitiateAuthCommand, {
      ClientId: this.id,
      AuthFlow,
      AuthParameters: this.#withHash(AuthParameters),
      ...input,
    });
  }

  /** InitiateAuth, likewise. */
  publicAuth(AuthFlow, AuthParameters, input = {}) {
    return this.pool.server.send(
      new InitiateAuthCommand({
        ClientId: this.id,
        AuthFlow,
        AuthParameters: this.#withHash(AuthParameters),
        ...input,
      }),
    );
  }

  /** A sign-in by the administrator's API. */
  signIn(username, password = PASSWORD, input = {}) {
    return this.adminAuth("ADMIN_USER_PASSWORD_AUTH", { USERNAME: username, PASSWORD: password }, input);
  }

  /** A sign-in by the public API. */
  signInPublicly(username, password = PASSWORD, input = {}) {
    return this.publicAuth("USER_PASSWORD_AUTH", { USERNAME: username, PASSWORD: password }, input);
  }

  /** Tokens of a user who signs in with a password alone. */
  async tokens(username, password = PASSWORD) {
    return (await this.signIn(username, password)).AuthenticationResult;
  }

  /** A refresh by the administrator's API. */
  refresh(token, parameters = {}) {
    return this.pool.send(AdminInitiateAuthCommand, {
      ClientId: this.id,
      AuthFlow: "REFRESH_TOKEN_AUTH",
      AuthParameters: { REFRESH_TOKEN: token, ...parameters },
    });
  }

  /** AdminRespondToAuthChallenge to what a sign-in asked for. */
  answer(challenge, responses) {
    return this.pool.send(AdminRespondToAuthChallengeCommand, this.#response(challenge, responses));
  }

  /** RespondToAuthChallenge, likewise. */
  answerPublicly(challenge, responses) {
    return this.pool.server.send(new RespondToAuthChallengeCommand(this.#response(challenge, responses)));
  }

  /** Whom the access token belongs to. */
  whoIs(accessToken) {
    return this.pool.server.send(new GetUserCommand({ AccessToken: accessToken }));
  }

  #response({ ChallengeName, Session }, responses) {
    return { ClientId: this.id, ChallengeName, Session, ChallengeResponses: this.#withHash(responses) };
  }

  #withHash(parameters) {
    const username = parameters?.USERNAME;
    if (this.secret === undefined || username === undefined) return parameters;
    return { SECRET_HASH: this.secretHash(username), ...parameters };
  }
}
