/**
 * How many elements are sorted while `task` runs. Each operation on runs sorts its operands, so this counts the work on
 * them, on a machine of any speed: twice the runs may cost a little more than twice the elements, never four times.
 */
export function elementsSorted(task: () => void): number {
  const { sort } = Array.prototype;
  let elements = 0;
  Array.prototype.sort = function counted(this: unknown[], compare) {
    elements += this.length;
    return sort.call(this, compare);
  };
  try {
    task();
  } finally {
    Array.prototype.sort = sort;
  }
  return elements;
}
