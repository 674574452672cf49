// Signature version 4 by hand, so that the tests can sign wrongly on purpose.

import { createHash, createHmac } from "node:crypto";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

/**
 * The headers of a signed request. Every part may be made wrong: `region`, `service`, `date` (a Date), `signedBody`
 * (what the signature covers, if not the body), `signedHeaders`, `sessionToken`.
 */
export function sign({
  endpoint,
  operation,
  body,
  accessKeyId,
  secretAccessKey,
  region = "us-east-1",
  service = "cognito-idp",
  date = new Date(),
  signedBody = body,
  signedHeaders = ["content-type", "host", "x-amz-date", "x-amz-target"],
}) {
  const stamp = date.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    host: new URL(endpoint).host,
    "x-amz-date": stamp,
    "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
  };
  const names = signedHeaders.join(";");
  const canonical = [
    "POST",
    "/",
    "",
    ...signedHeaders.map((name) => `${name}:${headers[name]}`),
    "",
    names,
    sha256(signedBody),
  ].join("\n");
  const scope = `${stamp.slice(0, 8)}/${region}/${service}/aws4_request`;
  const key = scope.split("/").reduce((key, part) => hmac(key, part), `AWS4${secretAccessKey}`);
  const signature = hmac(key, ["AWS4-HMAC-SHA256", stamp, scope, sha256(canonical)].join("\n")).toString("hex");
  const { host: _sentByFetch, ...sent } = headers;
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}
