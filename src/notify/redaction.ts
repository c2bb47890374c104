import { createHash } from 'node:crypto';
import { layersWithoutFiles, type Owner } from '../model/owner.ts';
import { bytesOfPath } from '../model/path.ts';
import { withoutPaths } from '../model/without-paths.ts';

/** How file names are shown to a receiver. */
export type PathPolicy = 'full' | 'hash' | 'off';

/** The owner as the receiver may see it. Mountpoints stay: they are labels of the metrics as well. */
export function redactOwner(owner: Owner, policy: PathPolicy): Owner {
  if (policy === 'full') return owner;
  const { paths, pathsBase64, otherPaths, formerPath, kernelUsers, layers, reason, openByReason, ...rest } = owner;
  const hash = policy === 'hash';
  return {
    ...rest,
    ...(reason === undefined ? {} : { reason: withoutPaths(reason) }),
    ...(openByReason === undefined ? {} : { openByReason: withoutPaths(openByReason) }),
    ...(layers === undefined ? {} : { layers: layersWithoutFiles(layers) }),
    ...(hash && paths !== undefined ? { paths: paths.map((path, i) => hashOf(path, pathsBase64?.[i])) } : {}),
    ...(hash && formerPath !== undefined ? { formerPath: hashOf(formerPath, undefined) } : {}),
    ...(kernelUsers === undefined
      ? {}
      : {
          kernelUsers: kernelUsers.map((user) =>
            user.kind === 'swap' ? { ...user, name: hash ? hashOf(user.name, undefined) : '' } : user,
          ),
        }),
  };
}

/** The first 12 hex digits of sha256 over the exact bytes of the whole path. */
function hashOf(path: string, base64: string | undefined): string {
  const raw = base64 === undefined ? path : bytesOfPath({ text: path, base64 });
  return createHash('sha256').update(raw).digest('hex').slice(0, 12);
}
