// A webhook for the triggers of pools.toml: only people of example.com sign up, and access tokens tell their plan.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const key = Buffer.from(process.env.WEBHOOK_SECRET.replace("whsec_", ""), "base64");

const triggers = {
  PreSignUp({ userAttributes }) {
    if (!userAttributes.email?.endsWith("@example.com")) throw new Error("Only people of example.com sign up here");
    return { autoConfirmUser: true, autoVerifyEmail: true };
  },
  TokenGeneration({ userAttributes }) {
    const claims = { plan: "gold", mail: userAttributes.email };
    return { claimsAndScopeOverrideDetails: { accessTokenGeneration: { claimsToAddOrOverride: claims } } };
  },
};

createServer(async (request, answer) => {
  const body = Buffer.concat(await request.toArray());
  const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": given = "" } = request.headers;
  const mac = createHmac("sha256", key).update(`${id}.${time}.`).update(body).digest("base64");
  const [right, sent] = [Buffer.from(`v1,${mac}`), Buffer.from(given)];
  const isFresh = Math.abs(Date.now() / 1000 - time) < 300;
  if (!isFresh || right.length !== sent.length || !timingSafeEqual(right, sent)) return answer.writeHead(401).end();
  const event = JSON.parse(body);
  try {
    event.response = triggers[event.triggerSource.split("_")[0]](event.request);
    answer.end(JSON.stringify(event));
  } catch (error) {
    answer.writeHead(400).end(JSON.stringify({ errorMessage: error.message }));
  }
}).listen(process.env.WEBHOOK_PORT, "127.0.0.1");
