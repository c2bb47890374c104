import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit, type YAMLMap } from 'yaml';
import type { KeyPath } from './check.ts';

export interface Position {
  /** from 1 */
  readonly line: number;
  readonly column: number;
}
export interface YamlMistake extends Position {
  readonly message: string;
}
/** A text as plain values, undefined when it could not be understood. */
export interface YamlReading {
  readonly value: unknown;
  /** where a value stands, or its key; the nearest thing above it when it stands nowhere */
  locate(path: KeyPath, key: boolean): Position;
}
export interface YamlText {
  readonly mistakes: readonly YamlMistake[];
  /**
   * One; where a key is given twice, one with the first of them, one with the second, ...: what is wrong in either is
   * to be reported.
   */
  readonly readings: readonly [YamlReading, ...YamlReading[]];
}

/** Each occurrence costs a reading of the whole file; nobody repeats a key more often by mistake. */
const MOST_READINGS = 20;

/** Reads YAML 1.2. Tags and anchors that would build something other than plain values are mistakes. */
export function parseYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const mistakes = [...document.errors, ...document.warnings].map((mistake) => ({
    ...at(mistake.pos[0]),
    message:
      mistake.code === 'DUPLICATE_KEY' ? 'the key is given twice: keep one' : `not YAML: ${oneLine(mistake.message)}`,
  }));
  const understood = document.errors.every((error) => error.code === 'DUPLICATE_KEY') && document.warnings.length === 0;
  const read = (single: Document): YamlReading => {
    let value: unknown;
    try {
      value = understood ? single.toJS({ maxAliasCount: 100 }) : undefined;
    } catch (error) {
      mistakes.push({ line: 1, column: 1, message: `not YAML: ${oneLine((error as Error).message)}` });
    }
    return { value, locate: (path, key) => at(offsetOf(single, path, key)) };
  };
  const [first, ...others] = singles(document);
  return { readings: [read(first), ...others.map(read)], mistakes };
}

/** The document itself, or copies of it in which each key stands once. */
function singles(document: Document): [Document, ...Document[]] {
  let most = 1;
  visit(document, {
    Map(_, map) {
      for (const items of byKey(map).values()) most = Math.max(most, items.length);
    },
  });
  if (most === 1) return [document];
  const copy = (occurrence: number): Document => {
    const single = document.clone();
    visit(single, {
      Map(_, map) {
        map.items = [...byKey(map).values()].map((items) => items[Math.min(occurrence, items.length - 1)] as Pair);
      },
    });
    return single;
  };
  const others = Array.from({ length: Math.min(most, MOST_READINGS) - 1 }, (_, i) => copy(i + 1));
  return [copy(0), ...others];
}

type Pair = YAMLMap['items'][number];

function byKey(map: YAMLMap): Map<unknown, Pair[]> {
  return Map.groupBy(map.items, ({ key }) => (isScalar(key) ? String(key.value) : key));
}

function offsetOf(document: Document, path: KeyPath, key: boolean): number {
  for (let length = path.length; length > 0; length--) {
    const above = document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    if (isMap(above)) {
      const pair = above.items.find((item) => isScalar(item.key) && String(item.key.value) === String(last));
      const node = (key && length === path.length) || !isNode(pair?.value) ? pair?.key : pair.value;
      if (isNode(node) && node.range) return node.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function oneLine(message: string): string {
  return message.replace(/\s+/g, ' ').trim();
}
