import { spawn } from 'node:child_process';

const LINES = 5000;
const DEADLINE_MS = 15_000;
const LARGEST_BYTES = 32 * 1024 * 1024;

/**
 * The newest lines of the agent's log, as far as this user may read the journal. Its files are no text, and journalctl(1) is what
 * systemd promises to read them: the one program that is started for a bug report.
 */
export function readJournal(signal: AbortSignal): Promise<string | { readonly unread: string }> {
  const units = ['-u', 'pmemwatch.service', '-u', 'pmemwatch-probe@*'];
  const words = [...units, '-n', String(LINES), '-o', 'short-iso-precise', '--no-pager', '--quiet', '--utc'];
  return new Promise((done) => {
    const child = spawn('journalctl', words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
      signal,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > LARGEST_BYTES) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(0, 500);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      done({
        unread: error.code === 'ENOENT' ? 'this host has no journalctl' : `journalctl: ${error.code ?? error.message}`,
      });
    });
    child.on('close', (code, killed) => {
      const text = Buffer.concat(chunks).toString('utf8');
      if (killed !== null) done({ unread: `journalctl has not answered in ${DEADLINE_MS / 1000} s, or with too much` });
      else if (code !== 0) done({ unread: `journalctl: ${said.trim() || `exit code ${code}`}` });
      else done(text === '' ? { unread: 'the journal has no lines of pmemwatch that this user may read' } : text);
    });
  });
}
