// Writes a .br and a .gz beside every file of a folder that compresses well, so that the server need not: `node compress.mjs dist`. With
// --check it proves instead that each of them unpacks to the file beside it and that none is missing or left over.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync, gzipSync } from 'node:zlib';

const packed = { '.br': [(data) => brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }), brotliDecompressSync],
  '.gz': [(data) => gzipSync(data, { level: 9 }), gunzipSync] };
const worthIt = (name, data) => ['.js', '.css', '.svg'].includes(extname(name)) && data.length > 1000;

const check = process.argv.includes('--check');
const folder = process.argv[2];
const wrong = [];
for (const name of readdirSync(folder, { recursive: true })) {
  const path = join(folder, name);
  const kind = extname(name);
  if (kind in packed) {
    const of = path.slice(0, -kind.length);
    if (!existsSync(of) || !packed[kind][1](readFileSync(path)).equals(readFileSync(of))) wrong.push(name);
    continue;
  }
  if (!['.js', '.css', '.svg'].includes(kind)) continue;
  const data = readFileSync(path);
  if (!worthIt(name, data)) continue;
  for (const [extension, [pack]] of Object.entries(packed)) {
    if (!check) writeFileSync(path + extension, pack(data));
    else if (!existsSync(path + extension)) wrong.push(name + extension);
  }
}
if (wrong.length) {
  console.error(`not what is beside them: ${wrong.join(', ')}`);
  process.exit(1);
}
