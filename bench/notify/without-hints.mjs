/** Preloaded into the peer of `bench -- notify`: no event of a watched path reaches it, so that its polls alone find changes. */
import { registerHooks } from 'node:module';

const deaf = `data:text/javascript,${encodeURIComponent(
  'export class FSWatcher { on() {} once(_, f) { setImmediate(f); } add() {} async close() {} }',
)}`;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'chokidar' ? { url: deaf, shortCircuit: true } : next(specifier, context),
});
