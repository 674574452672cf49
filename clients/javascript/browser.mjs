// An application in a browser: the official client library for browsers, with a storage of its own.

import cognito from "amazon-cognito-identity-js";

import { PASSWORD } from "./fixtures.mjs";

const { AuthenticationDetails, CognitoUser, CognitoUserPool } = cognito;

/** What the library keeps between two visits. */
class Storage {
  items = new Map();

  setItem(key, value) {
    this.items.set(key, value);
    return value;
  }

  getItem(key) {
    return this.items.get(key) ?? null;
  }

  removeItem(key) {
    return this.items.delete(key);
  }

  clear() {
    this.items.clear();
  }
}

/** A browser that knows no device yet. */
export class Browser {
  storage = new Storage();

  constructor(client) {
    const { server, id: UserPoolId } = client.pool;
    this.pool = new CognitoUserPool({
      UserPoolId,
      ClientId: client.id,
      Storage: this.storage,
      endpoint: server.endpoint,
    });
  }

  /**
   * Signs in; `flow` is the library's. `code` answers the second factor.
   * Answers the user, the session, and which challenges were seen on the way.
   */
  signIn(Username, { password: Password = PASSWORD, flow = "USER_SRP_AUTH", code } = {}) {
    const user = new CognitoUser({ Username, Pool: this.pool, Storage: this.storage });
    user.setAuthenticationFlowType(flow);
    const asked = this.#watch(user);
    return new Promise((resolve, reject) => {
      const answerFactor = async (name) => {
        if (code === undefined) return reject(new Error(`${name} was asked for`));
        user.sendMFACode(await code(), callbacks, name);
      };
      const callbacks = {
        onSuccess: (session, confirmationNecessary) => resolve({ user, session, confirmationNecessary, asked }),
        onFailure: reject,
        mfaRequired: answerFactor,
        totpRequired: answerFactor,
      };
      user.authenticateUser(new AuthenticationDetails({ Username, Password }), callbacks);
    });
  }

  /** The challenges that the server answers to this user. */
  #watch(user) {
    const asked = [];
    const { client } = user;
    user.client = Object.assign(Object.create(client), {
      request: (operation, input, callback) =>
        client.request(operation, input, (error, answer) => {
          if (answer?.ChallengeName) asked.push(answer.ChallengeName);
          callback(error, answer);
        }),
    });
    return asked;
  }
}

/** A call of the library as a promise. */
export function called(user, method, ...input) {
  return new Promise((resolve, reject) => {
    const callbacks = { onSuccess: resolve, onFailure: reject };
    const takesNode = method === "refreshSession";
    if (takesNode) user[method](...input, (error, answer) => (error ? reject(error) : resolve(answer)));
    else user[method](...input, callbacks);
  });
}
