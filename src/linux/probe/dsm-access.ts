/**
 * Which device-specific methods the probe sends: those that only read, by family and number. The asker is the process
 * that listens to the network; a method that sets a threshold, arms, erases, updates firmware or injects an error is never
 * sent, whoever asks (dsm-families.md section 1, kernel-abi section 6).
 */
const READING: Readonly<Record<number, readonly number[]>> = {
  /** intel: SMART, thresholds, firmware */
  0: [1, 2, 12],
  /** hpe1: health, thresholds, identification, energy source, last backup */
  1: [1, 2, 10, 11, 12],
  /** hpe2: health, thresholds, flags, last backup */
  2: [1, 2, 4, 5],
  /** msft: identification, energy source, last backup, thresholds, health, statistics */
  3: [1, 3, 4, 5, 7, 10, 11, 12, 13],
  /** hyperv: health, unsafe shutdowns */
  4: [1, 2],
  /** papr: health */
  5: [1],
};

/** Why a method is not sent, or undefined when it is. */
export function refusedMethod(family: number, command: number): string | undefined {
  return READING[family]?.includes(command)
    ? undefined
    : `method ${command} of family ${family} is not one that only reads`;
}
