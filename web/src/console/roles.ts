// Which pages a role has use for. Only a convenience: every request is decided by the server, and a page opened by its address shows
// the server's refusal. After requirements/roles.md.

/** A page of the console. */
export type Page = 'customers' | 'new' | 'pending' | 'exports' | 'approvals' | 'staff' | 'audit' | 'certificates';

/** All pages in the order of the menu. */
export const pages: Page[] = ['customers', 'new', 'pending', 'exports', 'approvals', 'staff', 'audit', 'certificates'];

const menus: Record<string, Page[]> = {
  R2: ['customers', 'new'],
  R3: ['customers', 'new'],
  R4: ['customers', 'new'],
  R5: ['customers'],
  R6: ['customers', 'new', 'certificates'],
  R7: ['customers', 'new', 'pending', 'approvals', 'audit'],
  R8: ['customers', 'new', 'approvals', 'exports', 'audit', 'certificates'],
  R9: ['customers', 'exports'],
  R10: pages,
  R11: ['approvals', 'audit', 'exports', 'staff', 'certificates'],
  R12: ['audit', 'exports', 'staff', 'certificates'],
  R13: [],
  R19: ['customers'],
  R21: ['customers', 'new'],
  R22: [],
  R23: [],
};

/** The menu of a role; every page for a role that this list does not know. */
export const menuOf = (role: string): Page[] => menus[role] ?? pages;

const acts: Record<string, string[]> = {
  edit: ['R2', 'R3', 'R4', 'R6', 'R7', 'R8', 'R10', 'R19', 'R21'],
  withdraw: ['R2', 'R3', 'R4', 'R6', 'R7', 'R8', 'R10'],
  hold: ['R8', 'R10'],
  destroy: ['R10'],
  history: ['R7', 'R8', 'R10', 'R11', 'R12'],
  order: ['R9', 'R10'],
  register: ['R10'],
  revoke: ['R8', 'R9', 'R10', 'R11', 'R12'],
};

/** Whether to offer an act to a role. */
export const offered = (role: string | undefined, act: keyof typeof acts): boolean => acts[act]!.includes(role ?? '');
