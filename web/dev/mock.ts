// A small stand-in for the server, for work on the pages without one: `npm run dev`. Never part of a build. The real server is
// `make run`; set KEXIN_DEV_SERVER=http://127.0.0.1:8080 to send requests there instead.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin } from 'vite';
import { answers } from './answers.ts';

/** Answers /v1 and /dev from memory, or from the server that KEXIN_DEV_SERVER names. */
export function mockApi(): Plugin {
  return {
    name: 'kexin-mock-api',
    config: () => ({ server: process.env.KEXIN_DEV_SERVER
      ? { proxy: { '/v1': process.env.KEXIN_DEV_SERVER, '/dev/': process.env.KEXIN_DEV_SERVER, '/objects': process.env.KEXIN_DEV_SERVER } } : {} }),
    configureServer(server) {
      if (process.env.KEXIN_DEV_SERVER) return;
      server.middlewares.use((request, response, next) => {
        if (!/^\/(v1|dev\/(accounts|token|clock|jobs))/.test(request.url ?? '')) return next();
        void answer(request, response);
      });
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
  const path = (request.url ?? '').split('?')[0]!;
  const found = answers.find(([method, pattern]) => method === request.method && pattern.test(path));
  const [status, data] = found ? found[2](body, pattern(found[1], path)) : [404, { type: '/problems/not-found', title: 'Not found', status: 404 }];
  response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', ETag: '"3"' });
  response.end(JSON.stringify(data));
}

const pattern = (expression: RegExp, path: string): string[] => (expression.exec(path) ?? []).slice(1);
