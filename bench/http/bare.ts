/** The peer: fastify with routes that send what they were given. `node bare.ts PORT BODIES.json` */
import { readFileSync } from 'node:fs';
import { fastify } from 'fastify';

const [port, file] = process.argv.slice(2);
const bodies = JSON.parse(readFileSync(file as string, 'utf8')) as Record<string, { type: string; body: string }>;
const app = fastify({ logger: false });
for (const [route, { type, body }] of Object.entries(bodies)) {
  app.get(route, (_request, reply) => reply.type(type).send(body));
}
await app.listen({ port: Number(port), host: '127.0.0.1' });
