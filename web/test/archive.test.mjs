// node --test web/test/archive.test.mjs: archive.js opens the golden archive that the Go package wrote, and refuses every change of it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';

import { ArchiveError, openArchive, openChunks, parseHeader, parseKey } from '../src/archive.js';

const folder = new URL('../../shared/archive/testdata/', import.meta.url);
const sealed = new Uint8Array(await readFile(new URL('golden.kxa', folder)));
const keyText = await readFile(new URL('golden.key', folder), 'utf8');
const key = parseKey(keyText);
const PREAMBLE = 100;
const SEALED_CHUNK = 4096 + 16;
// Every byte takes a while; the usual run tries every byte of the preamble and every 11th of the chunks.
const STEP = process.env.KEXIN_FULL === '1' ? 1 : 11;

const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());

async function failure(source, secret = key) {
  try {
    await openArchive(source, secret);
  } catch (error) {
    assert.ok(error instanceof ArchiveError, String(error));
    return error.code;
  }
  return 'opened';
}

test('opens the golden archive, whose files match its manifest', async () => {
  const zip = await bytesOf(await openArchive(new Blob([sealed]), keyText));
  const files = unzip(zip);
  const manifest = JSON.parse(new TextDecoder().decode(files.get('manifest.json')));
  assert.equal(manifest.rows, 200);
  assert.equal(manifest.export, parseHeader(sealed).export);
  for (const { name, sha256 } of manifest.files) {
    assert.equal(createHash('sha256').update(files.get(name)).digest('hex'), sha256, name);
  }
  const envelope = JSON.parse(new TextDecoder().decode(files.get('manifest.dsse.json')));
  assert.deepEqual(Buffer.from(envelope.payload, 'base64'), Buffer.from(files.get('manifest.json')));
});

test('every kind of source gives the same ZIP', async () => {
  const want = await bytesOf(await openArchive(sealed, key));
  const slowly = new ReadableStream({
    start(controller) {
      for (let i = 0; i < sealed.length; i += 1000) controller.enqueue(sealed.slice(i, i + 1000));
      controller.close();
    },
  });
  const seen = [];
  assert.deepEqual(await bytesOf(await openArchive(slowly, key, (n) => seen.push(n))), want);
  assert.deepEqual(await bytesOf(await openArchive(sealed.buffer.slice(sealed.byteOffset, sealed.byteOffset + sealed.length), key)), want);
  assert.equal(seen.at(-1), want.length);
});

test('refuses every altered byte', async () => {
  const want = await bytesOf(await openArchive(sealed, key));
  for (let i = 0; i < sealed.length; i += i < PREAMBLE ? 1 : STEP) {
    const altered = sealed.slice();
    altered[i] ^= 1 << (i % 8);
    assert.notEqual(await failure(altered), 'opened', `byte ${i}`);
    if (i > PREAMBLE && i % 1000 < STEP) {
      let released = 0;
      await assert.rejects(async () => {
        for await (const plain of openChunks(altered, key)) {
          assert.deepEqual(plain, want.slice(released, released + plain.length));
          released += plain.length;
        }
      }, { code: 'altered' });
      assert.ok(released <= i - PREAMBLE, 'a chunk was released before it was verified');
    }
  }
});

test('refuses truncation, extension and reordering', async () => {
  for (let n = 0; n < sealed.length; n += n < 200 ? 1 : 97) {
    assert.match(await failure(sealed.slice(0, n)), /truncated|altered|format/, `cut to ${n}`);
  }
  assert.equal(await failure(sealed.slice(0, PREAMBLE + SEALED_CHUNK)), 'truncated');
  assert.equal(await failure(sealed.slice(0, 50)), 'truncated');
  assert.equal(await failure(new Blob([sealed, new Uint8Array(1)])), 'altered');
  const chunk = (i) => sealed.slice(PREAMBLE + i * SEALED_CHUNK, PREAMBLE + (i + 1) * SEALED_CHUNK);
  assert.equal(await failure(new Blob([sealed.slice(0, PREAMBLE), chunk(1), chunk(0), sealed.slice(PREAMBLE + 2 * SEALED_CHUNK)])), 'altered');
});

test('refuses wrong keys and foreign files', async () => {
  assert.equal(await failure(sealed, new Uint8Array(32)), 'key');
  assert.equal(await failure(sealed, new Uint8Array(31)), 'key');
  assert.equal(await failure(new TextEncoder().encode('PK'.repeat(100))), 'format');
  for (const bad of ['', 'kxk1_', keyText.trim().slice(1), `${keyText.trim()}A`, `${keyText.trim().slice(0, -1)}*`]) {
    assert.throws(() => parseKey(bad), { code: 'key' }, bad);
  }
});

// unzip reads the central directory of a small ZIP.
function unzip(zip) {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.length);
  const files = new Map();
  let at = view.getUint32(zip.length - 6, true);
  for (let n = view.getUint16(zip.length - 12, true); n > 0; n -= 1) {
    const [method, size, nameLength] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true), view.getUint16(at + 28, true)];
    const name = new TextDecoder().decode(zip.subarray(at + 46, at + 46 + nameLength));
    const from = view.getUint32(at + 42, true) + 30 + nameLength;
    const content = zip.subarray(from, from + size);
    files.set(name, method === 8 ? inflateRawSync(content) : content);
    at += 46 + nameLength + view.getUint16(at + 30, true);
  }
  return files;
}
