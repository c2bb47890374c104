import type { Run } from '../model/extent.ts';
import type { LayerExtent, OpenBy, Owner } from '../model/owner.ts';
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
  for (const user of owner.openBy ?? []) lines.push(`  ${openText(user)}`);
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
  return ` bytes ${offset}–${offset + length - 1}`;
}

function openText(user: OpenBy): string {
  const place = user.unit ?? user.container ?? user.pod;
  const who = `${printable(user.command)} (pid ${user.pid}${place === null ? '' : `, ${printable(place)}`})`;
  return user.mapsDamaged
    ? `${who} has the damaged page mapped`
    : user.mapped
      ? `${who} maps it`
      : `${who} has it open`;
}
