/** The next operation at a node of an unfolded thread, as a number. */
export const OP = {
  /** The thread has ended; a: its return value. */
  END: 0,
  /** The thread has not been started. */
  DORMANT: 1,
  /** A fault ended the thread; a: the fault. */
  CRASHED: 2,

  // From here on: steps that may be blocked or have several outcomes.
  /** a: lock slot, b: request. */
  LOCK: 3,
  /** a: RCU slot. */
  SYNC: 4,
  /** The wait of a callback for its grace period. a: RCU slot, b: arguments. */
  GRACE: 5,
  /** a: thread. */
  JOIN: 6,
  /** a: number of outcomes, b: 1 when they are false and true. */
  CHOOSE: 7,
  /** A data step that may be blocked or have several outcomes. */
  BRANCHING: 8,

  // From here on: steps that are always enabled and have one outcome.
  /** a: lock slot, b: request, c: 1 when it ends an atomic section. */
  UNLOCK: 9,
  /** a: RCU slot, b: 1 to open a read section, 0 to close one. */
  RCU: 10,
  /** a: RCU slot, b: thread, c: arguments. */
  CALL_RCU: 11,
  /** a: thread, b: arguments. */
  START: 12,
  /** a: return value. */
  EXIT: 13,
  /** a: fault. */
  BUG: 14,
  /** A step that touches nothing. */
  MESSAGE: 15,
  /** A data step. */
  DATA: 16,
  READ: 17,
  WRITE: 18,
} as const;

/** The first number of the steps that are always enabled and have one outcome. */
export const SIMPLE = OP.UNLOCK;
