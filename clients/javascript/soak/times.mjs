// What ends by itself, met a moment before its end and a moment after it, and clocks that are wrong by years.

import { Person } from "./worlds.mjs";

const MINUTE = 60;
const DAY = 86_400;

/** `jump(seconds)` moves the clock of the server and of the model. Nobody else may be at work. */
export async function times(worker, jump) {
  const { operations } = worker;
  let people = 0;
  /** A new user with a password of their own. */
  const somebody = async ({ isTemporary = false } = {}) => {
    const person = new Person(`time-${(people += 1)}`);
    const address = { email: `${person.username}@example.com`, email_verified: "true" };
    await worker.do(person, operations.create(person.username, address, "Temporary-1!"));
    if (!isTemporary) await worker.do(person, operations.setPassword(person.username, "Permanent-1!", true));
    return person;
  };
  const signIn = (person, password = person.state.password) =>
    worker.do(person, operations.signIn(person.username, password));

  const invited = await somebody({ isTemporary: true });
  for (const seconds of [7 * DAY - MINUTE, 2 * MINUTE, -2 * MINUTE]) {
    await jump(seconds);
    await signIn(invited);
  }
  await jump(-7 * DAY + MINUTE);

  const forgetful = await somebody();
  for (const seconds of [59 * MINUTE, 61 * MINUTE]) {
    await worker.outbox(forgetful.username, forgetful.messages);
    await worker.do(forgetful, operations.forgotPassword(forgetful.username));
    const code = await worker.outbox(forgetful.username, forgetful.messages);
    await jump(seconds);
    await worker.do(forgetful, operations.confirmForgotPassword(forgetful.username, code, "Another-1!", true));
    await signIn(forgetful);
  }

  const guessed = await somebody();
  for (let n = 1; n <= 16; n += 1) {
    await signIn(guessed, "Wrong-one-1!");
    if (n < 8) continue;
    const length = Math.min(2 ** (n - 5), 15 * MINUTE);
    await jump(length - 3);
    await signIn(guessed);
    await jump(4);
  }
  await signIn(guessed);

  for (const years of [-30, 60, 7_000]) {
    await jump(years * 365 * DAY);
    const traveller = await somebody();
    const { AuthenticationResult: tokens } = (await signIn(traveller)) ?? {};
    if (tokens !== undefined) await worker.do(traveller, operations.read(traveller.username));
    await jump(-years * 365 * DAY);
    await worker.do(traveller, operations.read(traveller.username));
    await worker.do(traveller, operations.remove(traveller.username));
  }
  for (const person of [invited, forgetful, guessed]) await worker.do(person, operations.remove(person.username));
}
