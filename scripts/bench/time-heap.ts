/** Small numbers ordered by a time each: a binary heap in typed arrays, earliest first. */
export class TimeHeap {
  size = 0;
  #times = new Float64Array(64);
  #ids = new Int32Array(64);

  /** The earliest time, or Infinity where the heap is empty. */
  get time(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.#times[0];
  }

  /** The id that goes with `time`; meaningless where the heap is empty. */
  get id(): number {
    return this.#ids[0];
  }

  push(time: number, id: number): void {
    if (this.size === this.#times.length) this.#grow();
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#times[parent] <= time) break;
      this.#times[at] = this.#times[parent];
      this.#ids[at] = this.#ids[parent];
      at = parent;
    }
    this.#times[at] = time;
    this.#ids[at] = id;
  }

  /** Removes the earliest. */
  pop(): void {
    this.size--;
    if (this.size > 0) this.#sink(this.#times[this.size], this.#ids[this.size]);
  }

  /** Gives the earliest another time. */
  postpone(time: number): void {
    this.#sink(time, this.#ids[0]);
  }

  #sink(time: number, id: number): void {
    const times = this.#times;
    const ids = this.#ids;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && times[child + 1] < times[child]) child++;
      if (times[child] >= time) break;
      times[at] = times[child];
      ids[at] = ids[child];
      at = child;
    }
    times[at] = time;
    ids[at] = id;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const ids = new Int32Array(this.#ids.length * 2);
    times.set(this.#times);
    ids.set(this.#ids);
    this.#times = times;
    this.#ids = ids;
  }
}
