import { command, hasProgram } from './command.ts';
import { installOnHost } from './packages.ts';

/** Why these tests cannot run on this machine, or nothing; what is missing and can be installed is installed. */
export function reasonToSkip(say: (line: string) => void): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `needs Linux on x64, this is ${process.arch}`;
  if (process.getuid?.() !== 0) return 'needs root, to build a root image with its owners and devices';
  if (!hasProgram('apt-get') || !hasProgram('dpkg-deb')) return 'needs Debian packages, and there is no apt-get';
  if (architecture() !== 'amd64') return 'needs amd64 packages';
  const missing = [
    ...(hasProgram('qemu-system-x86_64') ? [] : ['qemu-system-x86']),
    ...(hasProgram('mke2fs') ? [] : ['e2fsprogs']),
  ];
  if (missing.length === 0) return undefined;
  try {
    say(`installing ${missing.join(' ')}`);
    installOnHost(missing);
    return undefined;
  } catch (cause) {
    return `${missing.join(' ')} cannot be installed: ${cause instanceof Error ? cause.message : cause}`;
  }
}

function architecture(): string {
  return command('dpkg', ['--print-architecture']).trim();
}
