/** The reason why an operation, or its outcome, is not compared. */
export interface Because {
  readonly because: string;
  /** The recording has no words for it that are known here: the machine may have changed, the model has not. */
  readonly unread?: true;
}
