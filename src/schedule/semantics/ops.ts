/** What a node of an unfolded thread is about to do, as a number. */
export const OP = {
  /** It has ended; a: what it returned. */
  END: 0,
  /** It has not been started. */
  DORMANT: 1,
  /** A fault ended it; a: which. */
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
  /** a: what it returned. */
  EXIT: 13,
  /** a: fault. */
  BUG: 14,
  /** Touches nothing. */
  MESSAGE: 15,
  /** A data step. */
  DATA: 16,
  READ: 17,
  WRITE: 18,
} as const;

/** The first number of the steps that are always enabled and have one outcome. */
export const SIMPLE = OP.UNLOCK;
