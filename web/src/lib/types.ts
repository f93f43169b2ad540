// What the API answers (docs/api.md).
import type { Text } from '../i18n/index';

export interface Titled { id: string; title: Text }

export interface Purpose {
  id: string;
  title: Text;
  necessity: Text;
  basis: string;
  asks: boolean;
  mandatory: boolean;
  retention?: string;
}

export interface Field {
  name: string;
  title: Text;
  type: string;
  check?: string;
  required: boolean;
  necessity?: Text;
  effect?: Text;
  level: string;
  label?: Text;
  sensitive?: boolean;
  separate_consent?: boolean;
  kinds?: string[];
  options?: { value: string; title: Text }[];
  max_length?: number;
  search?: string[];
  unique?: boolean;
  export?: boolean;
  on_card?: boolean;
  purposes?: string[];
}

export interface Channel extends Titled { public: boolean }

export interface Form {
  id: string;
  version: number;
  schema: string;
  title: Text;
  intro?: Text;
  processor: { name: Text; address?: Text; contact: string; in_charge?: Text };
  notice: { version: string; title: Text; script?: string; parts: { part: string; text: Text }[] };
  purposes: Purpose[];
  fields: Field[];
  kinds: string[];
  channels: Channel[];
}

export interface Submission {
  kind: string;
  channel: string;
  notice: string;
  language: string;
  consents: Record<string, boolean>;
  separate_consents: Record<string, boolean>;
  fields: Record<string, string>;
}

export interface Refused { field: string; code: string }

export interface Received {
  submission: string;
  received: string | number;
  refused?: Refused[];
  receipt?: unknown;
}

export interface Me {
  staff: string;
  name: string;
  role: string;
  title?: Text;
  department: string;
  nda?: string | null;
  training?: string | null;
  vetting?: string | null;
}

export interface Shown { value?: string; masked?: string; level: string }

export interface Card {
  customer: string;
  version?: number;
  kind: string;
  stage?: string;
  state: string;
  owner?: string;
  department?: string;
  fields: Record<string, Shown>;
}

export interface CustomerRecord extends Card {
  version: number;
  purpose: string;
  deadline?: string | number;
  held: boolean;
  hidden?: string[];
  consents?: { purpose: string; notice?: string; live: boolean }[];
}

export interface Entry {
  at: string | number;
  action: string;
  verdict: string;
  code?: string;
  actor?: string;
  role?: string;
  purpose?: string;
  reason?: string;
  fields?: string[];
  approval?: string;
  customer?: string;
}

export interface Pending {
  card: Card;
  version: number;
  deadline?: string | number;
  channel?: string;
  received?: string | number;
  matches?: Card[];
  ask_again?: string[];
}

export interface ExportOrder {
  purpose: string;
  reason: string;
  fields: string[];
  kinds: string[];
  department: string;
  format: string;
  language: string;
}

export interface Export {
  export: string;
  state: string;
  purpose?: string;
  reason?: string;
  fields?: string[];
  rows?: number;
  watermark?: string;
  created?: string | number;
  expires?: string | number;
  approval?: string;
}

export interface ApprovalRequest {
  approval: string;
  action: string;
  by: string;
  name?: string;
  role?: string;
  state?: string;
  /** The requested entry of the staff register. */
  change?: StaffChange;
  customer?: string;
  fields?: string[];
  purpose?: string;
  reason?: string;
  export?: string;
  level?: string;
  needed: number;
  given: number;
  created?: string | number;
  expires?: string | number;
}

export interface Member extends Me { active: boolean }

export interface StaffChange {
  staff?: string;
  name: string;
  role: string;
  title: Text;
  department: string;
  nda?: string;
  training?: string;
  vetting?: string;
  active: boolean;
  issuer?: string;
  subject?: string;
}
