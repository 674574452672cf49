// The soak can fail: behind a proxy that falsifies it finds a difference, behind an honest one it finds none.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { startServer } from "../server.mjs";
import { Scene } from "../soak/scene.mjs";
import { tamper, WAYS } from "../soak/tamper.mjs";
import { clientOf, Traffic } from "../soak/traffic.mjs";

/** Every way is noticed long before so many answers were checked. */
const MOST = 20_000;

let server;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

/** Works through a proxy until something differs, or so many answers were checked; answers the scene. */
async function soak(way, most) {
  const proxy = await tamper(server.endpoint, way);
  const client = clientOf(proxy.endpoint, server.credentials);
  try {
    const traffic = new Traffic();
    traffic.use("proxy", client);
    const scene = new Scene({ traffic, seed: 1, workers: 8, names: 2, registers: 1 });
    await scene.prepare(server.sdk, server.endpoint);
    await scene.run(() => scene.differences.length > 0 || traffic.counts.checked >= most);
    if (scene.differences.length === 0) await scene.sweep();
    scene.finish();
    return scene;
  } finally {
    client.destroy();
    proxy.stop();
  }
}

describe("The soak", () => {
  test("finds nothing different where nothing is falsified", async () => {
    const { differences, traffic } = await soak(undefined, 1_500);
    assert.deepEqual(differences, []);
    assert.equal(traffic.counts.maybes, 0);
    assert.ok(traffic.coverage.size > 40, "and did most of what it can do");
  });

  test("looks at one answer once for each state, and refuses an id of another answer", () => {
    const scene = new Scene({ traffic: new Traffic(), seed: 1, workers: 1, names: 1 });
    const [one, other] = [{}, {}];
    assert.equal(scene.register("token", "a", one), undefined);
    assert.equal(scene.register("token", "a", one), undefined, "it may be of either of two states");
    assert.match(scene.register("token", "a", other), /given out before/);
    assert.match(scene.register("token", "a", one), /given out before/);
    assert.equal(scene.register("sub", "a"), undefined);
    assert.match(scene.register("sub", "a"), /given out before/);
  });

  for (const [what, way] of Object.entries(WAYS)) {
    test(`notices a server that ${what}`, async () => {
      const { differences } = await soak(way, MOST);
      assert.notEqual(differences.length, 0);
      const [{ who, what: told }] = differences;
      assert.ok(who && told, "and says about whom");
    });
  }
});
