import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { mockApi } from './dev/mock.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The build has no clock, no randomness and no machine in it: the same sources and lockfile give the same dist, byte for byte.
// Nothing is inlined, because the pages' content security policy allows no inline script, style or data: URL.
export default defineConfig(({ command }) => ({
  base: '/',
  plugins: command === 'serve' && !process.env.VITEST ? [mockApi()] : [],
  build: {
    target: ['chrome123', 'safari17.5', 'firefox120'], // the first with light-dark()
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      input: {
        landing: here('./index.html'),
        form: here('./form/index.html'),
        console: here('./console/index.html'),
        'kexin-form': here('./src/form/kexin-form.ts'),
      },
      output: {
        // The component keeps its name, so that other sites can refer to it; everything else is named by its content.
        entryFileNames: (chunk) => (chunk.name === 'kexin-form' ? 'embed/kexin-form.js' : 'assets/[name]-[hash].js'),
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
      preserveEntrySignatures: 'allow-extension',
    },
  },
  test: {
    environment: 'jsdom',
    include: ['test/**/*.test.ts'],
    restoreMocks: true,
    testTimeout: 60_000, // a guard against hanging, not a measurement
  },
}));
