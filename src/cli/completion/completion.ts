import { usage } from '../arguments.ts';
import type { Command } from '../command.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

/** The script of each shell, made from the commands. */
export const completionOf = { bash: bashCompletion, fish: fishCompletion, zsh: zshCompletion } as const;
const shells = Object.keys(completionOf) as (keyof typeof completionOf)[];

export const completion: Command = {
  name: 'completion',
  summary: 'print what makes a shell complete the words of pmemwatch',
  operands: shells.join('|'),
  operandKind: shells,
  details:
    'Packages install it. From a checkout it completes the word pmemwatch, as an alias or a function may be called.',
  options: {},
  examples: [
    {
      line: 'pmemwatch completion bash >~/.local/share/bash-completion/completions/pmemwatch',
      shows: 'for bash with the package bash-completion; elsewhere, source it',
    },
    { line: 'pmemwatch completion zsh >~/.zfunc/_pmemwatch', shows: 'for zsh, with ~/.zfunc in fpath' },
    { line: 'pmemwatch completion fish >~/.config/fish/completions/pmemwatch.fish', shows: 'for fish' },
  ],
  async run(args, context) {
    const [shell, ...others] = args.operands;
    const script = shells.find((known) => known === shell);
    if (script === undefined || others.length > 0) throw usage(`it takes one of ${shells.join(', ')}`);
    const { commands } = await import('../commands.ts');
    context.stdout.write(completionOf[script](commands));
    return 0;
  },
};
