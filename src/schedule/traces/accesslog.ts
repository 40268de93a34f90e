import { bytesOf, widened } from '../data/ints.ts';

/**
 * The accesses of the events of an execution by slot, the latest first; added and removed like a stack. A read is
 * linked to the access before it, and every access to the last write before it, so a search for dependences of a read
 * can skip other reads.
 */
export class AccessLog {
  /** By slot: its latest record, and its latest write. Records count from 1; 0 is none. */
  #latest = new Int32Array(64);
  #latestWrite = new Int32Array(64);
  /** By record: its event, the record of the slot before it, and the write. */
  #event = new Int32Array(64);
  #before = new Int32Array(64);
  #writeBefore = new Int32Array(64);
  #records = 0;
  /** The result of {@link findDirect}. */
  direct = new Int32Array(64);
  directs = 0;

  get bytes(): number {
    const { direct } = this;
    const latest = this.#latest;
    const latestWrite = this.#latestWrite;
    const event = this.#event;
    const before = this.#before;
    const writeBefore = this.#writeBefore;
    return bytesOf(latest, latestWrite, event, before, writeBefore, direct);
  }

  /** Adds an event with these accesses (slot * 2 + write). */
  add(accesses: readonly number[], event: number): void {
    for (let i = 0; i < accesses.length; i++) {
      const access = accesses[i]!;
      const slot = access >> 1;
      const r = ++this.#records;
      if (r >= this.#event.length) this.#makeRoom();
      if (slot >= this.#latest.length) this.#makeSlots(slot);
      this.#event[r] = event;
      this.#before[r] = this.#latest[slot]!;
      this.#writeBefore[r] = this.#latestWrite[slot]!;
      this.#latest[slot] = r;
      if (access & 1) this.#latestWrite[slot] = r;
    }
  }

  /** Removes the last event, which has these accesses. */
  remove(accesses: readonly number[]): void {
    for (let i = accesses.length - 1; i >= 0; i--) {
      const slot = accesses[i]! >> 1;
      const r = this.#records--;
      this.#latest[slot] = this.#before[r]!;
      this.#latestWrite[slot] = this.#writeBefore[r]!;
    }
  }

  /** Finds the events on which accesses depend directly: the last write, and for a write also the reads since. */
  findDirect(accesses: readonly number[]): void {
    let n = 0;
    for (let i = 0; i < accesses.length; i++) {
      const access = accesses[i]!;
      const write = this.#lastWrite(access);
      if (access & 1) {
        for (let r = this.#last(access); r !== write; r = this.#before[r]!) {
          if (n + 1 >= this.direct.length) this.direct = widened(this.direct, n + 2);
          this.direct[n++] = this.#event[r]!;
        }
      }
      if (write === 0) continue;
      if (n >= this.direct.length) this.direct = widened(this.direct, n + 1);
      this.direct[n++] = this.#event[write]!;
    }
    this.directs = n;
  }

  /** The latest record that conflicts with an access, or 0. */
  conflicting(access: number): number {
    return access & 1 ? this.#last(access) : this.#lastWrite(access);
  }

  /** The conflicting record before the given one. */
  conflictingBefore(record: number, access: number): number {
    return access & 1 ? this.#before[record]! : this.#writeBefore[record]!;
  }

  eventOf(record: number): number {
    return this.#event[record]!;
  }

  #last(access: number): number {
    const slot = access >> 1;
    return slot < this.#latest.length ? this.#latest[slot]! : 0;
  }

  #lastWrite(access: number): number {
    const slot = access >> 1;
    return slot < this.#latestWrite.length ? this.#latestWrite[slot]! : 0;
  }

  #makeRoom(): void {
    this.#event = widened(this.#event, this.#records + 1);
    this.#before = widened(this.#before, this.#records + 1);
    this.#writeBefore = widened(this.#writeBefore, this.#records + 1);
  }

  #makeSlots(slot: number): void {
    this.#latest = widened(this.#latest, slot + 1);
    this.#latestWrite = widened(this.#latestWrite, slot + 1);
  }
}
