import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errnoOf } from '../model/errors.ts';
import { openRules, type TlsRules, type WebRules } from '../model/web-rules.ts';
import { type Problem, problemText } from './schema.ts';
import { type NamedFile, parseWebConfig, toWebRules } from './web-config.ts';

export type LoadedWebRules =
  | { readonly problems: readonly string[] }
  | {
      readonly rules: WebRules;
      /** every file that was read: a change of one is a reason to read them again */
      readonly files: readonly string[];
      readonly warnings: readonly string[];
    };

const largestFile = 1024 * 1024;

/** Reads `--web.config.file` and the files it names, which are relative to its folder. Empty: nothing is asked of anybody. */
export async function loadWebRules(name: string): Promise<LoadedWebRules> {
  if (name === '') return { rules: openRules, files: [], warnings: [] };
  const found = await readText(name);
  if ('wrong' in found) return { problems: [`${name}: ${found.wrong}`] };
  const parsed = parseWebConfig(found.text);
  if ('problems' in parsed) return { problems: parsed.problems.map((problem) => problemText(name, problem)) };

  const problems: Problem[] = [];
  const warnings = [...parsed.warnings];
  const contents: Partial<Record<NamedFile['key'], string>> = {};
  const files = [name];
  for (const { key, file, position } of parsed.named) {
    const path = resolve(dirname(name), file);
    files.push(path);
    const read = await readText(path);
    if ('wrong' in read) {
      problems.push({ path: `tls_server_config.${key}`, ...position, message: `${path} ${read.wrong}` });
      continue;
    }
    contents[key] = read.text;
    if (key === 'key_file' && (read.mode & 0o007) !== 0) {
      warnings.push(`key_file: ${path} can be used by everyone: chmod 640 ${path}`);
    }
  }
  const rules = toWebRules(parsed.file, contents);
  if (problems.length === 0 && rules.tls !== undefined) checkPair(rules.tls, problems, warnings);
  if (problems.length > 0) return { problems: problems.map((problem) => problemText(name, problem)) };
  return { rules, files, warnings: warnings.map((warning) => `${name}: ${warning}`) };
}

/** What would make every handshake fail is found before anything is taken over. */
function checkPair(tls: TlsRules, problems: Problem[], warnings: string[]): void {
  const path = 'tls_server_config';
  const cert = parsed(() => new X509Certificate(tls.cert));
  const key = parsed(() => createPrivateKey(tls.key));
  if (cert === undefined) problems.push({ path, message: 'the certificate is not PEM that can be read' });
  if (key === undefined)
    problems.push({ path, message: 'the key is not PEM that can be read, or it has a passphrase' });
  if (tls.clientCa !== undefined && parsed(() => new X509Certificate(tls.clientCa ?? '')) === undefined) {
    problems.push({ path, message: 'the authorities of clients are not PEM that can be read' });
  }
  if (cert === undefined || key === undefined) return;
  if (!cert.checkPrivateKey(key)) problems.push({ path, message: 'the key is not that of the certificate' });
  if (cert.validToDate.getTime() < Date.now()) warnings.push(`the certificate has expired (${cert.validTo})`);
}
function parsed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // told by the caller, which knows what it was to be
    return undefined;
  }
}

/** `wrong` completes "FILE …"; it never holds what the file says. */
async function readText(
  file: string,
): Promise<{ readonly text: string; readonly mode: number } | { readonly wrong: string }> {
  try {
    const found = await stat(file);
    if (!found.isFile()) return { wrong: 'is not a regular file' };
    if (found.size > largestFile) return { wrong: 'is larger than 1 MiB' };
    return { text: await readFile(file, 'utf8'), mode: found.mode };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return { wrong: 'does not exist' };
    return { wrong: `cannot be read (${errno ?? 'unknown error'}): give the agent's user access` };
  }
}
