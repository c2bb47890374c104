/** What the problems that modules name are about, and how bad each is. */
import type { HealthFields, KnownState, ModuleProblem } from './health.ts';

type ProblemState = Extract<KnownState, 'noncritical' | 'critical'>;
/** What a problem concerns: `module` is told as the health of it, each of the others for itself. */
type Concern = 'module' | 'life' | 'energy_source' | 'saving' | 'restoring' | 'arming' | 'erasing';
/** How ill a module is that names it, whatever state it gives itself. */
const problems: Readonly<Record<ModuleProblem, readonly [Concern, ProblemState]>> = {
  save_failed: ['saving', 'noncritical'],
  restore_failed: ['restoring', 'noncritical'],
  arm_failed: ['arming', 'critical'],
  erase_failed: ['erasing', 'critical'],
  energy_source_failed: ['energy_source', 'critical'],
  energy_source_missing: ['energy_source', 'critical'],
  energy_source_charging: ['arming', 'noncritical'],
  energy_source_assessment_failed: ['energy_source', 'critical'],
  energy_source_policy_not_set: ['energy_source', 'noncritical'],
  not_enough_energy: ['energy_source', 'critical'],
  persistency_lost: ['module', 'critical'],
  permanent_hardware_failure: ['module', 'critical'],
  controller_failed: ['module', 'critical'],
  nvm_controller_failed: ['module', 'critical'],
  nvm_lifetime_error: ['life', 'critical'],
  dram_not_in_self_refresh: ['module', 'critical'],
  voltage_regulator_failed: ['module', 'critical'],
  supply_lost_vdd: ['module', 'critical'],
  supply_lost_vpp: ['module', 'critical'],
  supply_lost_vtt: ['module', 'critical'],
  uncorrectable_ecc: ['module', 'critical'],
  correctable_ecc_threshold: ['module', 'noncritical'],
  configuration_error: ['module', 'noncritical'],
  firmware_error: ['module', 'critical'],
  vendor_error: ['module', 'noncritical'],
  life_nearly_over: ['life', 'noncritical'],
  life_over: ['life', 'critical'],
  spare_chip_in_use: ['module', 'noncritical'],
  chip_failed: ['module', 'critical'],
  address_memory_disabled: ['module', 'noncritical'],
  performance_degraded: ['module', 'noncritical'],
  energy_source_assessment_warning: ['energy_source', 'noncritical'],
  energy_source_assessment_unreachable: ['energy_source', 'noncritical'],
};
/** The problems that a module names of one concern, of one weight or of both. */
export function problemsOf(fields: HealthFields, concern: Concern, state?: ProblemState): ModuleProblem[] {
  return (fields.problems ?? []).filter((name) => {
    const [about, how] = problems[name];
    return about === concern && (state === undefined || how === state);
  });
}
