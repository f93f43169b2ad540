// Idempotency keys: one for every thing that a person wants to happen once.

const BYTES = 18; // 144 bits, 24 characters

/** A new key of 144 random bits in base64url, as the API asks for. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_');
}

/**
 * The key of one intended act. The same body gets the same key again, so that pressing the button twice, or again after a broken
 * connection, happens once; another body is another act and gets a new key.
 */
export class Attempt {
  private body?: string;
  private current = '';

  /** The key under which body is to be sent. */
  keyFor(body: unknown): string {
    const text = JSON.stringify(body);
    if (text !== this.body) {
      this.body = text;
      this.current = idempotencyKey();
    }
    return this.current;
  }

  /** Forgets the key, after the act has happened. */
  done(): void {
    this.body = undefined;
  }
}
