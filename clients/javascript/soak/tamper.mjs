// A proxy that falsifies: what the soak must notice. Each way to do so is one that a faulty server might have.

import { once } from "node:events";
import { createServer } from "node:http";

const every = (n) => {
  let count = 0;
  return () => (count += 1) % n === 0;
};
const json = (value) => ({ status: 200, body: JSON.stringify(value) });

/** A write of this operation that is acknowledged and never done. */
const swallowing = (name, n = 3) => {
  const isDue = every(n);
  return ({ operation }, forward) => (operation === name && isDue() ? json({}) : forward());
};

/** An answer of this operation that is changed on its way. */
const changing = (name, change, n = 3) => {
  const isDue = every(n);
  return async ({ operation }, forward) => {
    const answer = await forward();
    if (operation !== name || answer.status !== 200 || !isDue()) return answer;
    const value = JSON.parse(answer.body);
    change(value);
    return { ...answer, body: JSON.stringify(value) };
  };
};

/** Ways to falsify, by what a server would have done wrong. */
export const WAYS = {
  "loses an acknowledged change of attributes": swallowing("AdminUpdateUserAttributes"),
  "loses an acknowledged password": swallowing("AdminSetUserPassword", 2),
  "loses an acknowledged sign-out": swallowing("AdminUserGlobalSignOut", 1),
  "loses an acknowledged deletion": swallowing("AdminDeleteUser", 2),
  "loses an acknowledged membership": swallowing("AdminAddUserToGroup"),
  "shows another attribute": changing("AdminGetUser", ({ UserAttributes }) => {
    UserAttributes.at(-1).Value += "x";
  }),
  "shows an attribute too many": changing("AdminGetUser", ({ UserAttributes }) => {
    UserAttributes.push({ Name: "locale", Value: "de" });
  }),
  "shows another status": changing("AdminGetUser", (user) => {
    user.UserStatus = "RESET_REQUIRED";
  }),
  "finds nobody in an index": changing("ListUsers", (page) => {
    page.Users.pop();
  }),
  "takes a wrong password for another reason": (() => async (_, forward) => {
    const answer = await forward();
    if (!answer.body.includes("Incorrect username or password.")) return answer;
    return { ...answer, body: answer.body.replace("Incorrect username or password.", "User does not exist.") };
  })(),
  "exchanges a refresh token twice": async ({ operation }, forward) => {
    const answer = await forward();
    if (operation === "GetTokensFromRefreshToken" && answer.status === 200) await forward();
    return answer;
  },
  "gives out a token of before": (() => {
    let earlier;
    return async ({ operation }, forward) => {
      const answer = await forward();
      if (operation !== "AdminInitiateAuth" || !answer.body.includes("IdToken")) return answer;
      earlier ??= answer;
      return earlier;
    };
  })(),
  "fails without need": (() => {
    const isDue = every(50);
    const failure = { __type: "InternalErrorException", message: "Internal server error." };
    return (_, forward) => (isDue() ? { ...json(failure), status: 500 } : forward());
  })(),
};

/** Starts a proxy in front of `endpoint` that does `way` to what passes; answers `{ endpoint, stop }`. */
export async function tamper(endpoint, way = (_, forward) => forward()) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const operation = request.headers["x-amz-target"]?.split(".")[1];
    const answer = await way({ operation }, () => forward(endpoint, request, Buffer.concat(chunks)));
    response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.1", ...answer.headers });
    response.end(answer.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function forward(endpoint, { headers, method, url }, body) {
  const { host: _, "content-length": __, connection: ___, expect: ____, ...rest } = headers;
  const response = await fetch(`${endpoint}${url}`, { method, headers: rest, body });
  const type = response.headers.get("x-amzn-errortype");
  return {
    status: response.status,
    headers: type === null ? {} : { "x-amzn-errortype": type },
    body: await response.text(),
  };
}
