import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthFields } from '../../src/model/health.ts';
import { dimmConditions, type Incident } from '../../src/model/incident.ts';
import { failed } from '../../src/model/observation.ts';
import { dimmOver, dimmSentence, dimmSteps } from '../../src/notify/dimm-wording.ts';
import { good, type Look, watch } from '../record/watched-dimm.ts';

function incidentOf(look: Look): Incident {
  const [notice] = watch([look]).told[0] ?? [];
  assert.ok(notice, 'nothing was told');
  return notice.incident;
}
const stepsOf = (look: Look): string => (dimmSteps(incidentOf(look)) ?? []).join('\n');

test('every condition of a module has a sentence, an end and a step', () => {
  const incident = incidentOf({ fields: { ...good, state: 'fatal' } });
  for (const condition of dimmConditions) {
    const of = { ...incident, condition };
    assert.match(dimmSentence(of) ?? '', /^.*nmem0 in slot C1-D2.*/, condition);
    assert.match(dimmOver(of) ?? '', /nmem0 in slot C1-D2/, condition);
    assert.ok((dimmSteps(of) ?? []).length > 0, condition);
  }
});

const denials: readonly { errno: string; step: RegExp }[] = [
  { errno: 'EPERM', step: /DeviceAllow=char-dimmctl rw in the unit .*--device-cgroup-rule/ },
  { errno: 'EACCES', step: /open \/dev\/nmem0: as root, or with CAP_DAC_OVERRIDE/ },
  { errno: 'ENOENT', step: /the device node \/dev\/nmem0/ },
];
for (const { errno, step } of denials) {
  test(`a module that may not be asked (${errno}) is told with what lets the probe process ask`, () => {
    const health = failed('IOCTL', `permission denied (${errno}) on /dev/nmem0`, errno);
    const steps = stepsOf({ health, failedInARow: 2 });
    assert.match(steps, step);
    assert.equal(denials.filter((each) => each.step.test(steps)).length, 1, 'one answer, not a list of guesses');
  });
}

test('heat is told with what it does to the part that is hot', () => {
  const media: HealthFields = { mediaTemperatureCelsius: 50, mediaTemperatureThresholdCelsius: 40 };
  const source: HealthFields = { energySourceTemperatureCelsius: 61, energySourceTemperatureThresholdCelsius: 60 };
  assert.match(stepsOf({ fields: media }), /Hot media wears out early/);
  assert.doesNotMatch(stepsOf({ fields: media }), /energy source/);
  assert.match(stepsOf({ fields: source }), /hot energy source .* loses its capacity early/);
  assert.doesNotMatch(stepsOf({ fields: source }), /Hot media/);
  const controller: HealthFields = { alarms: { controller_temperature: true } };
  assert.doesNotMatch(stepsOf({ fields: controller }), /Hot|hot/);
});
