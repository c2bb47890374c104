/** An authority of its own, made by openssl(1) as an administrator makes one, and certificates that it has signed. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM */
  readonly cert: string;
  /** PEM */
  readonly key: string;
}
export interface Authority extends Certificate {
  /** @param names such as `DNS:localhost`, `IP:127.0.0.1` */
  issue(name: string, options?: { readonly names?: readonly string[]; readonly expired?: boolean }): Certificate;
}

export const noOpenssl =
  spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed (Debian: apt-get install openssl)';

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function openssl(cwd: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
}
function read(folder: string, name: string): Certificate {
  const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

/** @param folder made, and filled with the files of everything that is issued */
export function createAuthority(folder: string, name = 'authority'): Authority {
  mkdirSync(folder, { recursive: true });
  const self = ['-keyout', `${name}.key`, '-out', `${name}.crt`, '-days', '30', '-subj', `/CN=${name}`];
  openssl(folder, ['req', '-x509', ...newKey, ...self]);
  // only ca(1) sets both dates, as of every version
  writeFileSync(join(folder, 'index.txt'), '');
  writeFileSync(
    join(folder, 'ca.cnf'),
    `[ca]\ndefault_ca = own\n[own]\ndatabase = index.txt\nnew_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\npolicy = any\ncopy_extensions = copy\nunique_subject = no\n[any]\ncommonName = supplied\n`,
  );
  return {
    ...read(folder, name),
    issue(subject, { names = [], expired = false } = {}) {
      const request = ['-keyout', `${subject}.key`, '-out', `${subject}.csr`, '-subj', `/CN=${subject}`];
      const san = names.length === 0 ? [] : ['-addext', `subjectAltName=${names.join(',')}`];
      openssl(folder, ['req', '-new', ...newKey, ...request, ...san]);
      const dates = expired ? ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'] : ['-days', '30'];
      const by = ['-config', 'ca.cnf', '-cert', `${name}.crt`, '-keyfile', `${name}.key`];
      openssl(folder, ['ca', '-batch', '-notext', ...by, '-in', `${subject}.csr`, '-out', `${subject}.crt`, ...dates]);
      return read(folder, subject);
    },
  };
}
