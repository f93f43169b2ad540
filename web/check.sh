#!/usr/bin/env bash
# Proves that web/dist is what the sources give: installs exactly the locked tools into a clean copy, checks types, runs the tests,
# builds, and compares byte for byte. With --update it puts the fresh build in place instead of comparing.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
copy="$(mktemp -d)"
trap 'rm -rf "$copy"' EXIT

# The sources and what their tests read beside them, without earlier builds and installed tools.
mkdir -p "$copy/web" "$copy/shared/archive"
tar -C "$here" --exclude=./node_modules --exclude=./dist -cf - . | tar -C "$copy/web" -xf -
cp -R "$here/../shared/archive/testdata" "$copy/shared/archive/testdata"

cd "$copy/web"
npm ci --no-audit --no-fund --loglevel=error
npm run --silent types
npm run --silent test
node --test test/archive.test.mjs
npm run --silent build -- --logLevel warn
node compress.mjs dist

if [[ "${1:-}" == "--update" ]]; then
  rm -rf "$here/dist"
  cp -R dist "$here/dist"
  echo "web/dist updated"
  exit 0
fi
# In CI the browser tests that follow check accessibility with the tool that was just installed.
if [[ "${CI:-}" == "true" && ! -e "$here/node_modules" ]]; then
  mkdir "$here/node_modules"
  cp -R node_modules/axe-core "$here/node_modules/axe-core"
fi
# What is compressed may differ with the version of Node; what it unpacks to may not.
node compress.mjs "$here/dist" --check
if ! diff -r -x '*.br' -x '*.gz' "$here/dist" dist; then
  echo "web/dist is not what the sources give: run web/check.sh --update and commit" >&2
  exit 1
fi
echo "web/dist is what the sources give"
