/** `media_error`: one incident per place, open as long as a range is tracked there. */
import type { FoundBy } from '../model/change.ts';
import { intersect, type Run } from '../model/extent.ts';
import type { PlaceState } from '../model/state.ts';
import type { Draft } from './draft.ts';
import { amendIncident, findOpen, openIncident, resolveIncident, reviseIncident } from './lifecycle.ts';
import type { Activity } from './places.ts';
import { nextSeverity, severityOf } from './severity.ts';
import { subjectOfPlace } from './subject.ts';

/** Follows what happened to a place; one notice per pass at most, and none for what changed no range and no owner. */
export function followMedia(draft: Draft, place: PlaceState, activity: Activity | undefined): void {
  const incident = findOpen(draft, 'media_error', place.place.uid);
  const subject = subjectOfPlace(place.place);
  const whole = place.readable && place.complete;
  const added = intersect(activity?.added ?? [], place.ranges);
  if (incident === undefined) {
    const [first] = place.ranges;
    if (first === undefined) return;
    openIncident(draft, {
      condition: 'media_error',
      subject,
      severity: severityOf(place.ranges),
      foundBy: foundBy(place, added) ?? first.foundBy,
      ranges: place.ranges,
      complete: whole,
      detail: '',
    });
    return;
  }
  if (place.ranges.length === 0) {
    const gone = activity?.removed ?? [];
    resolveIncident(draft, incident, 'cleared', { subject, ...(gone.length === 0 ? {} : { ranges: gone }) });
    return;
  }
  const severity = nextSeverity(incident.severity, place.ranges, whole);
  const revision = { subject, ranges: place.ranges, severity, complete: whole };
  if (added.length > 0) reviseIncident(draft, incident, 'grew', revision, added);
  else if (activity?.ownersChanged) reviseIncident(draft, incident, 'owners', revision);
  else if (activity !== undefined && activity.removed.length > 0) reviseIncident(draft, incident, 'shrank', revision);
  else amendIncident(draft, incident, revision);
}
function foundBy(place: PlaceState, added: readonly Run[]): FoundBy | undefined {
  const starts = new Set(added.map((r) => r.start));
  return place.ranges.find((range) => starts.has(range.start))?.foundBy;
}
