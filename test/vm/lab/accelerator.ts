import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packSources } from './checkout.ts';
import { type Accelerator, boot } from './guest.ts';
import type { Image } from './image.ts';

const tryMs = 30_000;

/**
 * KVM only where it has shown that it boots this kernel and delivers an injected machine check: a /dev/kvm that
 * opens proves neither (nested and paravirtual ones start a guest that never comes up). The answer is kept until
 * the host is booted again.
 */
export async function chooseAccelerator(
  parts: { readonly image: Image; readonly modules: string; readonly compiled: string },
  cache: string,
  say: (line: string) => void,
): Promise<Accelerator> {
  if (!existsSync('/dev/kvm')) return 'tcg';
  const answer = join(cache, 'accelerator');
  const host = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const [askedOn, known] = existsSync(answer) ? readFileSync(answer, 'utf8').trim().split(' ') : [];
  if (askedOn === host && (known === 'kvm' || known === 'tcg')) return known;

  say('trying KVM');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'trying-'));
  try {
    const sources = packSources(parts.compiled, folder, {
      FILE: 'test/vm/guest/try-machine-check.js',
      RIG: 'qemu',
      PATTERN: '',
    });
    let injected = false;
    const guest = { kernel: 'release', rig: 'qemu', accelerator: 'kvm' } as const;
    const plan = { ...parts, ...guest, sources, folder, timeoutMs: tryMs };
    await boot(plan, (line) => {
      injected ||= line === 'machine check delivered';
    });
    const accelerator = injected ? 'kvm' : 'tcg';
    say(injected ? 'KVM works' : 'KVM does not run this guest, emulating the processor instead');
    writeFileSync(answer, `${host} ${accelerator}\n`);
    return accelerator;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
