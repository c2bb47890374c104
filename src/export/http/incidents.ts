import { type Static, Type } from 'typebox';
import { totalBytes } from '../../model/extent.ts';
import type { Incident } from '../../model/incident.ts';
import { fileIdentity } from '../../model/owner.ts';
import { shortUid } from '../../model/topology.ts';
import { answerIfChanged } from './etag.ts';
import { rangeJson, rangeSchema } from './owners.ts';
import { type Listing, onceFor, pageOf, pageQuery, selected, sorted } from './paging.ts';
import { HttpProblem } from './problem.ts';
import type { HttpRoute } from './route.ts';
import { answersOf, closed, freshnessOf, listOf, nullable, problems, time, timeOf, timeOrNull } from './schemas.ts';

/** Of each incident in the list: an incident can have thousands, and the list as many incidents. */
const MOST_RANGES_LISTED = 20;

const status = Type.Enum(['open', 'resolved']);
export const incidentSchema = Type.Object(
  {
    id: Type.String(),
    fingerprint: Type.String(),
    ordinal: Type.Integer(),
    condition: Type.String(),
    severity: Type.Enum(['critical', 'warning', 'info']),
    status,
    revision: Type.Integer(),
    openedAt: time,
    updatedAt: time,
    resolvedAt: nullable(time),
    resolution: nullable(Type.String()),
    foundBy: Type.String(),
    detail: Type.String(),
    complete: Type.Boolean(),
    device: Type.Object(
      {
        name: Type.String(),
        ndNamespace: Type.String(),
        ndRegion: Type.String(),
        bus: Type.String(),
        uuid: nullable(Type.String()),
        uid: Type.String(),
        dimms: Type.Array(
          Type.Object(
            {
              id: Type.String(),
              name: Type.String(),
              serial: nullable(Type.String()),
              locator: nullable(Type.String()),
              partNumber: nullable(Type.String()),
            },
            closed,
          ),
        ),
      },
      closed,
    ),
    totals: Type.Object({ ranges: Type.Integer(), bytes: Type.Integer(), files: Type.Integer() }, closed),
    ranges: Type.Array(rangeSchema),
    rangesOmitted: Type.Integer({
      description: `how many more it has: the list tells ${MOST_RANGES_LISTED} of each incident, /incidents/{id} every one`,
    }),
    acknowledgement: nullable(
      Type.Object({ author: Type.String(), reason: Type.String(), at: time, expiresAt: nullable(time) }, closed),
    ),
    previousIncident: nullable(Type.String()),
  },
  { ...closed, title: 'Incident' },
);
type IncidentJson = Static<typeof incidentSchema>;
const describedSchema = Type.Object(
  {
    ...incidentSchema.properties,
    summary: Type.String({ description: 'one line a person can act on' }),
    nextSteps: Type.Array(Type.String(), {
      description: 'what to do, as messages say it; commands stand between backticks',
    }),
  },
  closed,
);

export const incidentsRoute: HttpRoute = {
  name: 'incidents',
  register(app, { view, access, describe }) {
    app.get(
      '/api/v1/incidents',
      {
        schema: {
          operationId: 'listIncidents',
          summary: 'Open incidents, and those resolved within the retention',
          description: 'Without a token of scope read, over TCP, owners come without paths.',
          tags: ['incidents'],
          querystring: Type.Object({ status: Type.Optional(status), ...pageQuery }, closed),
          response: answersOf(listOf(incidentSchema)),
        },
        preHandler: (request, reply) => {
          const { state } = view();
          const { complete, readAt } = freshnessOf(state, [...state.places.values()]);
          const parts = [access.mayRead(request.raw), complete, readAt, ...state.incidents.values()];
          return answerIfChanged(request, reply, parts);
        },
      },
      (request) => {
        const { state } = view();
        const { status, ...page } = request.query;
        const named = access.mayRead(request.raw);
        const wanted = selected(sortedIncidents(state.incidents), (i) => status === undefined || i.status === status);
        const { items, next } = pageOf(listing, wanted, page);
        const fresh = freshnessOf(state, [...state.places.values()]);
        return { items: items.map((incident) => incidentJson(incident, named, MOST_RANGES_LISTED)), next, ...fresh };
      },
    );
    app.get(
      '/api/v1/incidents/:id',
      {
        schema: {
          operationId: 'getIncident',
          summary: 'One incident, and what to do',
          tags: ['incidents'],
          params: Type.Object({ id: Type.String() }, closed),
          response: { 200: describedSchema, ...problems },
        },
      },
      (request) => {
        const incident = view().state.incidents.get(request.params.id);
        if (incident === undefined) {
          throw new HttpProblem(404, 'No incident has this id; those resolved longer ago than the retention are gone.');
        }
        const named = access.mayRead(request.raw);
        const { summary, nextSteps } = describe(incident, named);
        return { ...incidentJson(incident, named), summary, nextSteps: [...nextSteps] };
      },
    );
  },
};

/** Open ones first, then the newest; the id makes it unique. */
const listing: Listing<Incident> = {
  name: 'incidents',
  keyOf({ status, openedAt, id }) {
    const age = String(Number.MAX_SAFE_INTEGER - openedAt).padStart(16, '0');
    return `${status === 'open' ? 0 : 1} ${age} ${id}`;
  },
};
const sortedIncidents = onceFor((incidents: ReadonlyMap<string, Incident>) => sorted(listing, incidents.values()));

/** @param most of its ranges, the first ones; every one unless given */
export function incidentJson(incident: Incident, named: boolean, most = incident.ranges.length): IncidentJson {
  const { subject, acknowledgement } = incident;
  const files = new Set<string>();
  for (const range of incident.ranges) {
    for (const owner of range.owners) {
      if (owner.kind === 'file') files.add(`${owner.mountpoint ?? ''}\0${fileIdentity(owner)}`);
    }
  }
  return {
    id: incident.id,
    fingerprint: incident.fingerprint,
    ordinal: incident.ordinal,
    condition: incident.condition,
    severity: incident.severity,
    status: incident.status,
    revision: incident.revision,
    openedAt: timeOf(incident.openedAt),
    updatedAt: timeOf(incident.updatedAt),
    resolvedAt: timeOrNull(incident.resolvedAt),
    resolution: incident.resolution,
    foundBy: incident.foundBy,
    detail: incident.detail,
    complete: incident.complete,
    device: {
      name: subject.device,
      ndNamespace: subject.ndNamespace,
      ndRegion: subject.ndRegion,
      bus: subject.bus,
      uuid: subject.uuid,
      uid: shortUid(subject.uid),
      dimms: subject.dimms.map((d) => ({
        id: d.id,
        name: d.name,
        serial: d.serial ?? null,
        locator: d.locator ?? null,
        partNumber: d.partNumber ?? null,
      })),
    },
    totals: { ranges: incident.ranges.length, bytes: totalBytes(incident.ranges), files: files.size },
    ranges: incident.ranges.slice(0, most).map((range) => rangeJson(range, subject.dataStart, named)),
    rangesOmitted: Math.max(0, incident.ranges.length - most),
    acknowledgement:
      acknowledgement === null
        ? null
        : {
            author: acknowledgement.author,
            reason: acknowledgement.reason,
            at: timeOf(acknowledgement.at),
            expiresAt: timeOrNull(acknowledgement.expiresAt),
          },
    previousIncident: incident.previousIncident,
  };
}
