import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { CheckedFile } from '../cli/check.ts';
import type { CommandContext } from '../cli/command.ts';
import { AgentError } from '../model/errors.ts';
import { type Run, run } from '../model/extent.ts';
import { sectorsCovering, wholeSectors } from '../model/units.ts';
import { laySimulatedHost, type SimulatedHost } from './simulated-host.ts';
import { candidateFolders, damage, type Site, tryParent, writeVictim } from './site.ts';
import type { Stage } from './stage.ts';

/** A file with a known place on a real device, and a simulated host on which that device is pmem0. */
export interface Scene {
  readonly site: Site;
  readonly host: SimulatedHost;
  readonly victim: string;
  /** the sectors that hold the bytes which are going to be damaged */
  readonly sectors: Run;
  /** lets whoever is told of it see names and change things on the page */
  readonly token: string;
}

/** How long the question may take where the file lies. */
const LOCATE_MS = 30_000;

/** Finds a file system that can play, and a file's place on it. @throws AgentError when there is none */
export async function setScene(stage: Stage, context: CommandContext): Promise<Scene> {
  stage.next('A real file on a real file system');
  const refusals: string[] = [];
  for (const parent of await candidateFolders()) {
    const site = await tryParent(parent);
    if ('unfit' in site) {
      refusals.push(`${parent} ${site.unfit}`);
      stage.aside(`${parent} ${site.unfit}: trying another place`);
      continue;
    }
    let keep = false;
    try {
      const victim = await writeVictim(site.folder);
      const host = await laySimulatedHost(site.folder, site.device);
      const place = await locate(victim, host, site, context);
      if ('unknown' in place) {
        refusals.push(`${parent}: ${place.unknown}`);
        stage.aside(`${parent}: ${place.unknown}: trying another place`);
        continue;
      }
      stage.say(victim);
      stage.say(
        `${site.fsType} on ${site.device.node} keeps its bytes ${damage.offset}–${damage.offset + damage.length - 1} in sectors ${place.start}+${place.count} (by FIEMAP)`,
      );
      keep = true;
      return { site, host, victim, sectors: place, token: randomBytes(12).toString('hex') };
    } finally {
      if (!keep) await rm(site.folder, { recursive: true, force: true });
    }
  }
  throw new AgentError(
    'USAGE',
    `no file system here tells where a file lies (${refusals.join('; ')}): run it in a folder on a disk with ext4 or XFS`,
  );
}

/**
 * Where the bytes lie that are going to be damaged. Asked as users ask, with `check`: on a pmem0 that is bad from end to
 * end, every byte of the file is reported with its sectors.
 */
async function locate(
  victim: string,
  host: SimulatedHost,
  site: Site,
  context: CommandContext,
): Promise<Run | { readonly unknown: string }> {
  const { sysfs, procfs, dev } = host;
  const platform = await context.openPlatform({ sysfs, procfs, rootfs: '/', dev });
  try {
    await host.setBadSectors([run(0, site.device.size)]);
    const job = { paths: [victim], deadlineMs: LOCATE_MS, tellClean: true };
    const files: CheckedFile[] = [];
    await platform.check(
      job,
      () => undefined,
      context.signal,
      async (found) => {
        files.push(...(found as CheckedFile[]));
      },
    );
    const file = files[0];
    const range = file?.ranges.find(
      ({ offset, length }) => offset <= damage.offset && offset + length >= damage.offset + damage.length,
    );
    if (range === undefined) return { unknown: file?.reason ?? `${site.fsType} does not tell where a file lies` };
    // the range begins at a sector, and the damage at a block of the file: both are whole sectors
    const into = wholeSectors(damage.offset - range.offset);
    return run(range.start + into, sectorsCovering(damage.offset, damage.length));
  } finally {
    await host.setBadSectors([]);
    await platform.close();
  }
}
