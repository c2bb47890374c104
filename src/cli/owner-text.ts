import { byteRange } from '../model/byte-text.ts';
import type { Run } from '../model/extent.ts';
import type { LayerExtent, OpenBy, Owner } from '../model/owner.ts';
import { kernelUserText, namespaceText, processPlaces, readersText } from '../model/process-text.ts';
import { counted, type Paint, printable } from './print.ts';

/** An owner for people: what it is, which bytes of it, who uses it. Only what is not the whole range says where it lies. */
export function describeOwner(owner: Owner, range: Run, paint: Paint): string[] {
  const whole = owner.start === range.start && owner.count === range.count;
  const part = whole ? '' : paint('dim', `  (sectors ${owner.start}+${owner.count})`);
  const lines = [`${headline(owner, paint)}${part}`];
  const [, ...otherNames] = owner.paths ?? [];
  for (const path of otherNames) lines.push(`  also ${printable(path)}`);
  if (owner.paths !== undefined && owner.pathsComplete === false) {
    lines.push(paint('dim', `  ${counted(owner.linkCount ?? 0, 'link')}, not all of their names were found`));
  }
  if (owner.mountNamespace !== undefined) {
    lines.push(`  mounted only in the mount namespace of ${printable(namespaceText(owner.mountNamespace))}`);
  }
  for (const { path, mountNamespace } of (owner.otherPaths ?? []).slice(0, MOST_OTHER_NAMES)) {
    const where = mountNamespace === null ? 'through another mount' : `in ${printable(namespaceText(mountNamespace))}`;
    lines.push(paint('dim', `  ${where}: ${printable(path)}`));
  }
  if (owner.formerPath !== undefined) lines.push(`  was ${printable(owner.formerPath)}`);
  lines.push(...usersText(owner, paint));
  for (const layer of owner.layers ?? []) {
    lines.push(paint('dim', `  through ${layer.kind} ${layerName(layer)}, sectors ${layer.start}+${layer.count}`));
  }
  if (owner.goodCopy !== undefined && owner.goodCopy.exists !== 'no') {
    const { exists, where } = owner.goodCopy;
    if (exists === 'yes') lines.push(`  good copy: ${printable(where ?? 'elsewhere')}`);
    else if (where !== null) lines.push(`  perhaps readable: ${printable(where)}`);
  }
  if (owner.reason !== undefined) lines.push(paint('dim', `  ${printable(owner.reason)}`));
  return lines;
}

function layerName({ device, name }: LayerExtent): string {
  return name === undefined || name === device ? printable(device) : `${printable(name)} (${printable(device)})`;
}

function headline(owner: Owner, paint: Paint): string {
  const name = printable(owner.paths?.[0] ?? (owner.inode === undefined ? '' : `inode ${owner.inode}`));
  const where = [owner.fsType, owner.mountpoint === undefined ? undefined : `on ${printable(owner.mountpoint)}`];
  const on = where.filter((part) => part !== undefined).join(' ');
  const aside = on === '' ? '' : paint('dim', `  ${on}`);
  switch (owner.kind) {
    case 'file':
    case 'deleted': {
      const kind = owner.kind === 'deleted' ? 'deleted file, still open' : 'file';
      const state = owner.state === 'unwritten' ? ', unwritten (no data lost)' : '';
      const shared = owner.shared === true ? ', shared with other files' : '';
      return `${paint(state === '' ? 'red' : 'yellow', kind)} ${name}${bytesText(owner)}${state}${shared}${aside}`;
    }
    case 'directory':
    case 'symlink':
      return `${paint('red', owner.kind)} ${name}${aside}`;
    case 'metadata':
      return `${paint('red', 'metadata')} ${printable(owner.metadata ?? '')} ${name}`.trimEnd() + aside;
    case 'hidden':
    case 'raw':
      return `${paint('yellow', owner.kind)} ${printable(owner.metadata ?? '')}`.trimEnd() + aside;
    case 'free':
      return `${paint('green', 'free space')}${aside}`;
    case 'unreferenced':
      return `${paint('red', 'allocated')}, but no file shows it${aside}`;
    case 'pending':
    case 'unknown':
      return `${paint('red', owner.kind)}${aside}`;
    default:
      return owner.kind satisfies never;
  }
}

function bytesText({ offset, length }: Owner): string {
  if (offset === undefined || length === undefined) return '';
  return ` ${byteRange({ offset, length })}`;
}

const MOST_OTHER_NAMES = 4;
/** Processes that an answer names one by one; the others are counted. */
const MOST_LINES = 12;

function usersText(owner: Owner, paint: Paint): string[] {
  const openBy = owner.openBy ?? [];
  const lines = openBy.slice(0, MOST_LINES).map((user) => `  ${openText(user)}`);
  const more = (owner.openByCount ?? openBy.length) - Math.min(openBy.length, MOST_LINES);
  if (more > 0) lines.push(`  and ${counted(more, 'more process', 'more processes')}`);
  for (const user of owner.kernelUsers ?? []) lines.push(`  ${printable(kernelUserText(user))}`);
  if (owner.openByComplete === false) {
    lines.push(paint('dim', `  who else uses it is not known: ${printable(owner.openByReason ?? '')}`));
  }
  const readers = readersText(owner);
  if (readers !== undefined) {
    const helps = owner.readersGet?.from !== null;
    lines.push(helps ? `  ${paint('green', printable(readers))}` : `  ${printable(readers)}`);
  }
  return lines;
}

function openText(user: OpenBy): string {
  const who = [`pid ${user.pid}`, ...processPlaces(user).map(printable)].join(', ');
  const does = user.mapsDamaged
    ? 'has the damaged page mapped'
    : user.mapped
      ? 'maps another part of it'
      : 'has it open';
  return `${printable(user.command)} (${who}) ${does}`;
}
