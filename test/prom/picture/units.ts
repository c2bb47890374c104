/** Values as Grafana's units of the same names would write them, as far as the dashboards use these. */
export function written(value: number, unit: string | undefined): string {
  if (!Number.isFinite(value)) return String(value);
  switch (unit) {
    case 'bytes':
      return scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
    case 'percentunit':
      return `${rounded(value * 100)} %`;
    case 'celsius':
      return `${rounded(value)} °C`;
    case 's':
      return duration(value);
    case 'dateTimeAsIso':
      return new Date(value).toISOString().slice(0, 16).replace('T', ' ');
    case undefined:
      return rounded(value);
    default:
      throw new Error(`the unit ${unit} is not known here`);
  }
}
function scaled(value: number, base: number, names: readonly string[]): string {
  let rest = value;
  let i = 0;
  while (Math.abs(rest) >= base && i < names.length - 1) {
    rest /= base;
    i++;
  }
  return `${rounded(rest)} ${names[i]}`;
}
function duration(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 1) return `${rounded(seconds * 1000)} ms`;
  if (size < 120) return `${rounded(seconds)} s`;
  if (size < 7_200) return `${rounded(seconds / 60)} min`;
  return size < 172_800 ? `${rounded(seconds / 3_600)} h` : `${rounded(seconds / 86_400)} d`;
}
function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
