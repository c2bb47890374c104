import { type AgentApi, agentApi, apiOptions } from './agent-api.ts';
import { usage } from './arguments.ts';
import type { Command } from './command.ts';
import { oneIncident } from './decide.ts';
import type { IncidentItem } from './incident-item.ts';
import { jsonText } from './print.ts';

export const incidents: Command = {
  name: 'incidents',
  summary: 'what is wrong now, as the running agent knows it; with an ID, all about one incident',
  operands: '[ID]',
  details:
    'What nobody has taken on comes first, the worst first. With an ID (as much of it as tells it from others): every bad range\n' +
    'with its owners, who uses them, and what to do next. Exit code 0 only when everything is seen, whatever is open.',
  options: { all: { type: 'boolean', help: 'resolved ones too' }, ...apiOptions },
  examples: [
    { line: 'pmemwatch incidents', shows: 'the open ones' },
    { line: 'pmemwatch incidents 0123456789ab', shows: 'one with files, processes and next steps' },
    { line: 'pmemwatch incidents --all --json', shows: 'everything within the retention' },
    {
      line: 'pmemwatch incidents --agent https://db07:9915 --token-file ~/.pmemwatch.token',
      shows: 'of another host',
    },
  ],
  async run(args, context) {
    const [id, ...others] = args.operands;
    if (others.length > 0) throw usage(`incidents takes one ID at most: ${others[0]}`);
    const api = await agentApi(args, context);
    const { incidentText, incidentsText } = await import('./incidents-text.ts');
    if (id !== undefined) {
      const incident = await wholeIncident(api, id);
      context.stdout.write(args.flag('json') ? jsonText(incident) : incidentText(incident, context));
      if (incident.complete !== false) return 0;
      if (args.flag('json')) context.stderr.write('pmemwatch incidents: not everything about it is known\n');
      return 2;
    }
    const answer = await api.list(args.flag('all') ? '/api/v1/incidents' : '/api/v1/incidents?status=open');
    context.stdout.write(
      args.flag('json')
        ? jsonText({ items: answer.items, next: null, complete: answer.complete, readAt: answer.readAt })
        : incidentsText(answer.items as readonly IncidentItem[], answer.complete, context),
    );
    if (answer.complete) return 0;
    // the text says it beside the table, where an empty one would read as "all is well"
    if (args.flag('json')) context.stderr.write('pmemwatch incidents: not everything is seen: see pmemwatch list\n');
    return 2;
  },
};

async function wholeIncident(api: AgentApi, id: string): Promise<IncidentItem> {
  const known = await oneIncident(api, id);
  return (await api.get(`/api/v1/incidents/${encodeURIComponent(known)}`)) as IncidentItem;
}
