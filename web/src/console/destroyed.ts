// The ids of customers that were destroyed in this tab, so that their certificates are easy to ask for. Ids are random and tell nothing.
const STORED = 'kexin.destroyed';

/** Ids that were sent to destruction, newest first. */
export function destroyed(): string[] {
  return (sessionStorage.getItem(STORED) ?? '').split(' ').filter(Boolean);
}

/** Adds an id. */
export function remember(customer: string): void {
  sessionStorage.setItem(STORED, [customer, ...destroyed().filter((id) => id !== customer)].slice(0, 20).join(' '));
}
