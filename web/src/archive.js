// Opens sealed export archives (KXA1, docs/formats-archive.md) in the browser with nothing but WebCrypto. The key and the plaintext never
// leave the page. Nothing of a chunk is handed on before the whole chunk is authentic, and openArchive returns nothing at all unless the
// archive is complete. Whether the opened ZIP was signed by the company is checked by `kexin verify`.

const HEADER = 84;
const COMMITMENT = 16;
const TAG = 16;
const ID = 30;
const KEY = 32;
const MAX_CHUNKS = 2 ** 32;
const KEY_PREFIX = 'kxk1_';
const ID_FORM = /^(dep|exp)_[a-z2-7]{25}[aeimquy4]$/;
const PART = 4 << 20; // finished plaintext goes into Blobs of this size, which browsers keep outside the script's memory

/** What is wrong with an archive or key. `code` is one of format, key, altered, truncated; texts for people are the page's business. */
export class ArchiveError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'ArchiveError';
    this.code = code;
  }
}

/** Returns the 32 bytes of a key in its text form ("kxk1_…"); throws ArchiveError "key". */
export function parseKey(text) {
  const trimmed = String(text).trim();
  const body = trimmed.slice(KEY_PREFIX.length);
  if (!trimmed.startsWith(KEY_PREFIX) || !/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(body)) {
    throw new ArchiveError('key', 'not an archive key');
  }
  const binary = atob(body.replaceAll('-', '+').replaceAll('_', '/') + '=');
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

/** Returns what the first 84 bytes of an archive say about it; not authenticated before a chunk was opened. Throws "format". */
export function parseHeader(bytes) {
  const text = (from, to) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes.length < HEADER || text(0, 4) !== 'KXA1') {
    throw new ArchiveError('format', 'not an archive');
  }
  const [version, algorithm, exponent, reserved] = bytes.subarray(4, 8);
  const header = { deployment: text(24, 24 + ID), export: text(24 + ID, HEADER), chunkSize: 2 ** exponent, fileId: bytes.slice(8, 24) };
  const ids = ID_FORM.test(header.deployment) && header.deployment.startsWith('dep_')
    && ID_FORM.test(header.export) && header.export.startsWith('exp_');
  if (version !== 1 || algorithm !== 1 || reserved !== 0 || exponent < 12 || exponent > 20 || !ids) {
    throw new ArchiveError('format', 'archive of an unknown version');
  }
  return header;
}

/**
 * Decrypts an archive and returns the ZIP as a Blob.
 * @param {Blob|Uint8Array|ArrayBuffer|ReadableStream} source the sealed archive
 * @param {Uint8Array|string} key 32 bytes, or the text that release handed out
 * @param {(bytes: number) => void} [progress] called with the number of plaintext bytes so far
 * @returns {Promise<Blob>}
 */
export async function openArchive(source, key, progress = () => {}) {
  const blobs = [];
  let part = [];
  let partSize = 0;
  let total = 0;
  for await (const plain of openChunks(source, key)) {
    part.push(plain);
    partSize += plain.length;
    total += plain.length;
    if (partSize >= PART) {
      blobs.push(new Blob(part));
      part = [];
      partSize = 0;
    }
    progress(total);
  }
  return new Blob([...blobs, ...part], { type: 'application/zip' });
}

/** Yields the authentic plaintext chunk by chunk. Only when it ends without an error was the archive complete. */
export async function* openChunks(source, key) {
  const bytes = new ByteReader(source);
  try {
    const { chunk, size } = await start(bytes, typeof key === 'string' ? parseKey(key) : key);
    let sealed = await bytes.take(size + TAG);
    for (let count = 0; sealed.length > 0 || count === 0; count += 1) {
      const following = await bytes.take(size + TAG);
      const last = following.length === 0;
      if (count === MAX_CHUNKS || sealed.length < TAG || (sealed.length === TAG && count > 0)) {
        throw new ArchiveError('truncated', `chunk ${count} is cut off`);
      }
      yield await openChunk(chunk, sealed, count, last);
      sealed = following;
    }
  } finally {
    await bytes.cancel();
  }
}

async function openChunk(chunk, sealed, count, last) {
  const plain = await chunk(sealed, count, last);
  if (plain) return plain;
  if (await chunk(sealed, count, !last)) { // authentic in the other role
    throw last ? new ArchiveError('truncated', `chunks after chunk ${count} are missing`)
      : new ArchiveError('altered', `bytes follow the last chunk ${count}`);
  }
  throw new ArchiveError('altered', `chunk ${count} was altered, moved or cut off`);
}

// start reads the preamble, derives the keys and returns a function that opens chunks.
async function start(bytes, key) {
  const preamble = await bytes.take(HEADER + COMMITMENT);
  const cut = preamble.length < HEADER + COMMITMENT;
  if (cut && preamble.length >= 4 && String.fromCharCode(...preamble.subarray(0, 4)) === 'KXA1') {
    throw new ArchiveError('truncated', 'the header is cut off');
  }
  const info = parseHeader(preamble);
  if (!(key instanceof Uint8Array) || key.length !== KEY) throw new ArchiveError('key', 'not an archive key');
  const header = preamble.slice(0, HEADER);
  const { subtle } = globalThis.crypto;
  const secret = await subtle.importKey('raw', key, 'HKDF', false, ['deriveBits']);
  const derived = new Uint8Array(await subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: info.fileId, info: header }, secret, 55 * 8));
  if (!equal(derived.subarray(39), preamble.subarray(HEADER))) {
    throw new ArchiveError('key', 'wrong key, or the header was altered');
  }
  const aes = await subtle.importKey('raw', derived.subarray(0, KEY), 'AES-GCM', false, ['decrypt']);
  const additionalData = new Uint8Array(await subtle.digest('SHA-256', header));
  const prefix = derived.slice(32, 39);
  return { size: info.chunkSize, chunk: chunkOpener(aes, additionalData, prefix) };
}

// chunkOpener returns a function that answers the plaintext of a chunk, or null when it is not authentic.
function chunkOpener(aes, additionalData, prefix) {
  return async (sealed, count, last) => {
    const iv = new Uint8Array(12);
    iv.set(prefix);
    new DataView(iv.buffer).setUint32(7, count);
    iv[11] = last ? 1 : 0;
    try {
      const plain = await globalThis.crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData, tagLength: 128 }, aes, sealed);
      return new Uint8Array(plain);
    } catch {
      return null;
    }
  };
}

function equal(a, b) {
  let different = a.length ^ b.length;
  for (let i = 0; i < a.length; i += 1) different |= a[i] ^ b[i];
  return different === 0;
}

// ByteReader takes pieces of a wanted size from whatever holds the archive.
class ByteReader {
  constructor(source) {
    const stream = source instanceof ReadableStream ? source : new Blob([source]).stream();
    this.reader = stream.getReader();
    this.held = new Uint8Array(0);
  }

  // take answers the next n bytes, fewer only at the end.
  async take(n) {
    const out = new Uint8Array(n);
    let filled = 0;
    while (filled < n) {
      if (this.held.length === 0) {
        const { done, value } = await this.reader.read();
        if (done) break;
        this.held = value;
      }
      const piece = this.held.subarray(0, n - filled);
      out.set(piece, filled);
      filled += piece.length;
      this.held = this.held.subarray(piece.length);
    }
    return out.subarray(0, filled);
  }

  // cancel stops a download that is no longer wanted.
  async cancel() {
    await this.reader.cancel().catch(() => {});
  }
}
