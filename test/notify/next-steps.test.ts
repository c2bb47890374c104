import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { run } from '../../src/model/extent.ts';
import type { Owner } from '../../src/model/owner.ts';
import type { Place } from '../../src/model/topology.ts';
import { type RenderOptions, renderMessage } from '../../src/notify/message.ts';
import { place } from '../record/timeline.ts';
import { owner, story } from './notices.ts';

const options: RenderOptions = { durable: true, paths: 'full', pageUrl: '', runbookUrl: null };
function steps(owners: Owner | readonly Owner[], on: Partial<Place> = {}, changes: Partial<RenderOptions> = {}) {
  const all = Array.isArray(owners) ? (owners as readonly Owner[]) : [owners as Owner];
  return renderMessage(story(all, place(on)).owned, { ...options, ...changes }).nextSteps;
}
function bare(kind: Owner['kind'], changes: Partial<Owner> = {}): Owner {
  return { kind, device: 'pmem0', ...run(262_144, 8), fsType: 'xfs', mountpoint: '/pg', openBy: [], ...changes };
}
/** What stands between backticks: to be pasted. */
const commandsOf = (step = ''): string[] => Array.from(step.matchAll(/`([^`]*)`/g), ([, command]) => command ?? '');
const clears = { canClear: true };
const cannot = { canClear: false };
const yes = { exists: 'yes', where: 'pmem1' } as const;

describe('the steps for a file', () => {
  it('on DAX rewrite the whole page, and say what does not clear it', () => {
    const [first, second, third, ...others] = steps(owner(), clears);
    assert.equal(
      first,
      'Rewrite bytes 8192–12287 of /pg/base/16402/24711 from a good copy in whole pages. ' +
        "Set GOOD_COPY to the copy's path, let nothing append to the file, and run " +
        '`f=/pg/base/16402/24711; s=$(stat -c %s "$f") && ' +
        `dd if="\${GOOD_COPY:?}" of="$f" bs=4096 skip=2 seek=2 count=1 conv=notrunc,sync,fsync; truncate -s "$s" "$f"\`. [dax-write]`,
    );
    assert.match(second ?? '', /^Deleting, truncating or copying over .* \[left-free\]$/);
    assert.match(third ?? '', /firmware cannot clear them: .* \[cannot-clear\]$/);
    assert.deepEqual(others, []);
  });

  it('where it is not known whether the bus can clear say so', () => {
    assert.match(steps(owner()).at(-1) ?? '', /^If a write fails .* this platform cannot clear them/);
  });

  it('where the bus cannot clear put a copy in its place, and keep the damaged one', () => {
    const [first, second, ...others] = steps(owner(), cannot);
    assert.match(
      first ?? '',
      /^No write to a bad sector succeeds here\. .* replace the module when you can\. \[cannot-clear\]$/,
    );
    assert.match(second ?? '', /^Do not delete the damaged file/);
    assert.deepEqual(others, []);
  });

  it('where the bus cannot clear and free space is bad too put no copy there: it could get those sectors', () => {
    const free = bare('free', run(300_000, 8));
    const [first, second] = steps([owner(), free], cannot);
    assert.match(first ?? '', /Restore \/pg\/base\/16402\/24711 on another device, leave .* \[cannot-clear\]$/);
    assert.deepEqual(commandsOf(first), []);
    assert.match(second ?? '', /XFS with DAX shuts itself down over it\. .*\[free-next-owner\]$/);
  });

  it('widen one bad sector to its page', () => {
    const [first] = steps(owner({ ...run(262_145, 1), offset: 8192 + 512, length: 512 }));
    assert.match(first ?? '', /Rewrite bytes 8704–9215 .* skip=2 seek=2 count=1 /);
  });

  it('that is not on DAX write whole blocks past the page cache', () => {
    assert.match(
      steps(owner({ dax: false }))[0] ?? '',
      /in whole blocks.* conv=notrunc,sync,fsync oflag=direct.*\[block-write\]$/,
    );
  });

  it('with shared pages on DAX take them out of the file where the write fails, and never without a copy at hand', () => {
    const [command = ''] = commandsOf(steps(owner({ shared: true }), clears)[0]);
    assert.match(
      command,
      /\[ -r "\$\{GOOD_COPY:\?\}" \] && \{ w 2 1 \|\| \{ fallocate -p -o 8192 -l 4096 "\$f" && w 2 1; \}; \};/,
    );
    assert.match(steps(owner({ shared: true }), clears)[0] ?? '', /in every file that has them.*\[dax-shared\]$/);
    assert.match(
      steps(owner({ shared: true, dax: false }))[0] ?? '',
      /in every file .*oflag=direct.*\[shared-write\]$/,
    );
  });

  it('of which another copy exists have that one written over the bad one', () => {
    const layers = [{ device: 'md1', kind: 'md-raid1', ...run(262_144, 8) }];
    const onArray = owner({ layers, goodCopy: yes });
    assert.deepEqual(steps(onArray, clears), [
      '/pg/base/16402/24711: reads are served from another copy (pmem1); to write it over the bad one: ' +
        '`echo check >/sys/block/md1/md/sync_action` (progress: cat /proc/mdstat). [md-check]',
    ]);
    const onBtrfs = owner({ fsType: 'btrfs', dax: false, goodCopy: yes });
    assert.deepEqual(commandsOf(steps(onBtrfs, clears)[0]), ['m=/pg; btrfs scrub start -B "$m"']);
    for (const one of [onArray, onBtrfs]) {
      assert.match(
        steps(one, cannot)[0] ?? '',
        /served from another copy .*replace the module before that one fails too\. \[cannot-clear\]$/,
      );
    }
  });

  it('on btrfs say that the sectors stay listed', () => {
    const [first, ...others] = steps(owner({ fsType: 'btrfs', dax: false }));
    assert.deepEqual(others.length, 1, 'a sector that stays listed is no sign of anything there');
    assert.match(first ?? '', /the sectors stay listed as free space.*\[btrfs-write\]$/);
    assert.doesNotMatch(first ?? '', /oflag=direct/);
  });

  it('with names that a shell or a message would misread hold the exact bytes', () => {
    const raw = Buffer.from([0x2f, 0x70, 0x0a, 0xff, 0x60]);
    const [first] = steps(owner({ paths: ['/p\n\\xff`'], pathsBase64: [raw.toString('base64')] }));
    assert.match(first ?? '', /`f=\$\(printf '\/p\\012\\377\\140'\); s=/);
  });

  it('with a backtick in their name show it so that only commands stand between backticks', () => {
    const path = '/pg/`rm -rf`';
    const named = owner({ paths: [path], pathsBase64: [Buffer.from(path).toString('base64')] });
    for (const on of [clears, cannot]) {
      const [first] = steps(named, on);
      assert.match(first ?? '', /\/pg\/\\x60rm -rf\\x60/);
      assert.match(commandsOf(first).join('|'), /^f=[^|]*$/);
    }
  });

  it('whose path is redacted ask for it', () => {
    for (const paths of ['hash', 'off'] as const) {
      for (const on of [clears, cannot]) {
        const text = JSON.stringify(steps(owner(), on, { paths }));
        assert.match(text, /and FILE to the damaged one's \(`pmemwatch resolve pmem0 262144\+8` tells it/);
        assert.doesNotMatch(text, /24711/);
      }
    }
  });

  it('that hold nothing yet lose nothing, and are to be left alone where the bus cannot clear', () => {
    const unwritten = owner({ state: 'unwritten' });
    assert.match(
      steps(unwritten, clears)[0] ?? '',
      /^Nothing is lost in .* They clear when whole blocks .*\[unwritten\]$/,
    );
    assert.match(
      steps(unwritten, cannot)[0] ?? '',
      /copy the file to another device and keep this one as it is\. \[unwritten\]$/,
    );
    for (const on of [clears, cannot]) assert.equal(steps(unwritten, on).length, 1);
  });

  it('tell first to save what the page cache still holds, before anything is rewritten', () => {
    const readersGet = { read: 'data', mapped: 'data', from: 'page cache', why: null } as const;
    const [step] = steps(owner({ dax: false, readersGet }));
    assert.match(step ?? '', /^First save what the page cache still has of it: .*Then: Rewrite/);
    assert.equal(
      commandsOf(step)[0],
      `f=/pg/base/16402/24711; dd if="$f" of="\${SAVED:?}" bs=4096 skip=2 seek=2 count=1 conv=notrunc`,
    );
  });
});

describe('the commands for a file', () => {
  const inFolder = (test: (folder: string) => void): void => {
    const folder = mkdtempSync(join(tmpdir(), 'pmemwatch-steps-'));
    try {
      test(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const sh = (command = '', variables: Readonly<Record<string, string>> = {}) =>
    spawnSync('sh', ['-c', command], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', ...variables } });
  const fileOf = (path: string, changes: Partial<Owner> = {}): Owner =>
    owner({ paths: [path], pathsBase64: [Buffer.from(path).toString('base64')], ...changes });

  it('write the last page of a file in whole and leave it as long as it was', () => {
    inFolder((folder) => {
      const [copy, file] = [join(folder, 'copy'), join(folder, "it's\n the file")];
      for (const shared of [false, true]) {
        for (const size of [8704, 9192, 12_288, 20_000]) {
          const good = Buffer.alloc(size, 'good ');
          writeFileSync(copy, good);
          writeFileSync(file, Buffer.from(good).fill(0, 8192, Math.min(size, 12_288)));
          const length = Math.min(512, size - 8192);
          const [step] = steps(fileOf(file, { ...run(262_144, 1), length, shared }), clears);
          const { stderr } = sh(commandsOf(step)[0], { GOOD_COPY: copy });
          assert.match(
            stderr,
            /^1\+0 records out$/m,
            `of ${size} bytes: a page that is not written in whole is not cleared`,
          );
          assert.ok(readFileSync(file).equals(good), `a file of ${size} bytes is not what it was`);
        }
      }
    });
  });

  it('touch nothing before the good copy is named and there', () => {
    inFolder((folder) => {
      const file = join(folder, 'file');
      const bytes = Buffer.alloc(20_000, 'damaged ');
      writeFileSync(file, bytes);
      for (const on of [clears, cannot]) {
        for (const shared of [false, true]) {
          const [command] = commandsOf(steps(fileOf(file, { shared }), on)[0]);
          for (const variables of [{}, { GOOD_COPY: join(folder, 'none') }]) sh(command, variables);
          assert.ok(readFileSync(file).equals(bytes));
          assert.deepEqual(globSync('*', { cwd: folder }), ['file']);
        }
      }
    });
  });

  it('that replace a file leave its name never without a file, and the damaged one beside it', () => {
    inFolder((folder) => {
      const [copy, file] = [join(folder, 'copy'), join(folder, '-the file')];
      writeFileSync(copy, 'good', { mode: 0o640 });
      writeFileSync(file, 'damaged');
      const [step] = steps(fileOf(file), cannot);
      const { status, stderr } = sh(commandsOf(step)[0], { GOOD_COPY: copy });
      assert.equal(status, 0, stderr);
      assert.deepEqual([readFileSync(file, 'utf8'), readFileSync(`${file}.bad`, 'utf8')], ['good', 'damaged']);
      assert.deepEqual(globSync('*', { cwd: folder }).sort(), ['-the file', '-the file.bad', 'copy']);
    });
  });
});

describe('the steps for what no file holds', () => {
  for (const [kind, expected] of [
    ['metadata', /unmount it and check it: `xfs_repair -n \/dev\/pmem0`.*\[metadata\]$/],
    ['directory', /^Restore the directory .*\[metadata\]$/],
    ['deleted', /they are not cleared by that\. \[deleted-open\]$/],
    ['unreferenced', /xfs_repair -n \/dev\/pmem0/],
    ['unknown', /pmemwatch resolve pmem0 262144\+8/],
    ['hidden', /ndctl create-namespace.*\[namespace-anew\]$/],
  ] as const) {
    it(`say what to do about ${kind}`, () => {
      assert.match(steps(bare(kind))[0] ?? '', expected);
    });
  }

  it('write the sectors of a device from a copy of it, on the uppermost one', () => {
    const raw = bare('raw', { metadata: 'xfs file system, not mounted' });
    assert.match(
      steps(raw, clears)[0] ?? '',
      /^It holds xfs file system, not mounted: mount it, and the file is named\. Or: /,
    );
    assert.deepEqual(commandsOf(steps(raw, clears)[0]), [
      `dd if="\${GOOD_COPY:?}" skip=262144 of=/dev/pmem0 bs=512 seek=262144 count=8 oflag=direct conv=notrunc,fsync`,
    ]);
    const layers = [{ device: 'dm-3', kind: 'dm-crypt', ...run(100, 8) }];
    assert.match(steps(bare('raw', { layers }), clears)[0] ?? '', /skip=100 of=\/dev\/dm-3 bs=512 seek=100 count=8/);
    assert.match(steps(raw, cannot)[0] ?? '', /^Move the data of pmem0 .*\[cannot-clear\]$/);
  });

  it('zero the bad sectors of swap space, and make it anew where its first page was bad', () => {
    const swap = (metadata: string, start: number) =>
      commandsOf(steps(bare('raw', { metadata, ...run(start, 8) }), clears)[0])[0];
    const zero = (start: number) =>
      `dd if=/dev/zero of=/dev/pmem0 bs=512 seek=${start} count=8 oflag=direct conv=notrunc,fsync`;
    assert.equal(swap('swap space in use', 800), `swapoff /dev/pmem0 && ${zero(800)} && swapon /dev/pmem0`);
    assert.equal(swap('swap space, not in use', 0), `${zero(0)} && mkswap /dev/pmem0`);
  });

  it('have firmware clear a device-dax', () => {
    const dax = bare('raw', { device: 'dax0.0', metadata: 'device-dax' });
    assert.deepEqual(commandsOf(steps(dax, { ...clears, device: 'dax0.0' })[0]), ['ndctl clear-errors namespace0.0']);
  });

  it('leave free space alone, or zero what was found free again while nothing can allocate it', () => {
    const runs = [262_144, 262_152, 300_000].map((start) => bare('free', { ...run(start, 8) }));
    const [only, ...others] = steps(runs, clears); // what touches is one range
    assert.match(only ?? '', /^Nothing is lost and nothing has to be done: .*\[free-zero\]$/);
    assert.deepEqual(commandsOf(only), [
      'm=/pg; mount -o remount,ro "$m" && pmemwatch resolve pmem0 262144+16 300000+8',
      'm=/pg; dd if=/dev/zero of=/dev/pmem0 bs=512 seek=262144 count=16 oflag=direct conv=notrunc,fsync && ' +
        'dd if=/dev/zero of=/dev/pmem0 bs=512 seek=300000 count=8 oflag=direct conv=notrunc,fsync; mount -o remount,rw "$m"',
    ]);
    assert.deepEqual(others, []);
    const many = Array.from({ length: 6 }, (_, n) => bare('free', run(300_000 + n * 16, 8)));
    const [first] = steps(many, clears);
    assert.match(commandsOf(first)[0] ?? '', /resolve pmem0( \d+\+8){4}$/);
    assert.match(first ?? '', /`, and the same for 2 more ranges\. \[free-zero\]$/);
    assert.match(steps(runs, cannot)[0] ?? '', /^Nothing is lost yet, .* \[free-next-owner\]$/);
    assert.deepEqual(commandsOf(steps(bare('free', { fsType: 'btrfs' }), clears)[0]), []);
  });

  it('are none when it is resolved', () => {
    assert.deepEqual(renderMessage(story([owner()]).resolved, options).nextSteps, []);
  });
});

describe('what the steps leave out', () => {
  it('is counted', () => {
    const seven = Array.from({ length: 7 }, (_, n) =>
      bare('raw', { ...run(300_000 + n * 16, 8), metadata: 'LVM member' }),
    );
    const raw = steps(seven);
    assert.equal(raw.filter((step) => step.startsWith('Restore the sectors')).length, 3);
    assert.ok(
      raw.includes('The same for 4 more of this kind: `pmemwatch list` shows every bad range.'),
      raw.join('\n'),
    );
    const thousands = Array.from({ length: 3000 }, (_, n) => bare('unknown', run(300_000 + n * 16, 8)));
    assert.match(
      steps(thousands)[0] ?? '',
      /pmemwatch resolve pmem0( \d+\+8){4}`, and the same for 2996 more ranges \(pmemwatch list shows them\)$/,
    );
    const scattered = Array.from({ length: 6 }, (_, n) =>
      owner({ ...run(300_000 + n * 16, 8), offset: n * 65_536, openBy: [] }),
    );
    assert.match(steps(scattered)[0] ?? '', /(&& dd .*){4}; truncate .*, and the same for 2 more runs of pages/);
  });

  it('is said when a message has no room for all of them', () => {
    const long = Array.from({ length: 5 }, (_, n) =>
      owner({
        ...run(300_000 + n * 16, 8),
        inode: `${n}`,
        paths: [`/${String(n).repeat(4000)}`],
        pathsBase64: [],
        openBy: [],
      }),
    );
    const left = steps(long, {}, { limits: { bytes: 4000, ranges: 1, files: 1 } });
    assert.match(
      left.at(-1) ?? '',
      /^\d more steps are left out of this message: pmemwatch incidents and pmemwatch list/,
    );
  });
});
