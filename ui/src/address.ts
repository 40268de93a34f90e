/** The address bar. A browser ignores an address that changes more than twenty times a second, as it does while a key is held. */

const PAUSE = 120;

let waiting: { readonly hash: string; readonly timer: ReturnType<typeof setTimeout> } | undefined;

/** Writes what is still to be written. */
export function settleAddress(): void {
  if (!waiting) return;
  clearTimeout(waiting.timer);
  if (waiting.hash !== location.hash) history.replaceState(null, '', waiting.hash);
  waiting = undefined;
}

/** Forgets what is still to be written: the person has gone elsewhere. */
export function leaveAddress(): void {
  if (waiting) clearTimeout(waiting.timer);
  waiting = undefined;
}

/** Changes the address soon, or with a new entry of the history at once. */
export function setAddress(hash: string, push: boolean): void {
  if (push) {
    settleAddress();
    if (hash !== location.hash) history.pushState(null, '', hash);
    return;
  }
  const timer = waiting?.timer ?? setTimeout(settleAddress, PAUSE);
  waiting = { hash, timer };
}
