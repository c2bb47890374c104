import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { KeyPath } from './check.ts';

export interface Position {
  /** from 1 */
  readonly line: number;
  readonly column: number;
}
export interface YamlMistake extends Position {
  readonly message: string;
}
export interface YamlText {
  /** plain values, undefined when the text could not be understood */
  readonly value: unknown;
  readonly mistakes: readonly YamlMistake[];
  /** where a value stands, or its key; the nearest thing above it when it stands nowhere */
  locate(path: KeyPath, key: boolean): Position;
}

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
  let value: unknown;
  try {
    value = understood ? document.toJS({ maxAliasCount: 100 }) : undefined;
  } catch (error) {
    mistakes.push({ line: 1, column: 1, message: `not YAML: ${oneLine((error as Error).message)}` });
  }
  return {
    value,
    mistakes,
    locate(path, key) {
      for (let length = path.length; length > 0; length--) {
        const above = document.getIn(path.slice(0, length - 1), true);
        const last = path[length - 1];
        if (isMap(above)) {
          const pair = above.items.find((item) => isScalar(item.key) && String(item.key.value) === String(last));
          const node = (key && length === path.length) || !isNode(pair?.value) ? pair?.key : pair.value;
          if (isNode(node) && node.range) return at(node.range[0]);
        }
        const node = document.getIn(path.slice(0, length), true);
        if (isNode(node) && node.range) return at(node.range[0]);
      }
      return at(document.contents?.range?.[0] ?? 0);
    },
  };
}

function oneLine(message: string): string {
  return message.replace(/\s+/g, ' ').trim();
}
