// Numbers that a seed decides, so that a run can be had again (as far as the machine's timing allows).

/** A generator of its own for each worker (mulberry32). */
export class Dice {
  #state;

  constructor(seed, salt = 0) {
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(salt + 1, 0xc2b2ae35)) >>> 0;
  }

  /** A fraction below one. */
  fraction() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number below `bound`. */
  below(bound) {
    return Math.floor(this.fraction() * bound);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low, high) {
    return low + this.below(high - low + 1);
  }

  /** Whether something of this probability happens. */
  chance(probability) {
    return this.fraction() < probability;
  }

  /** One of a list. */
  of(list) {
    return list[this.below(list.length)];
  }

  /** One of `[weight, value]`. */
  weighted(list) {
    let rest = this.fraction() * list.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of list) {
      rest -= weight;
      if (rest < 0) return value;
    }
    return list.at(-1)[1];
  }
}
